namespace PaliSharp.Batching;

/// <summary>How a long list of items is worked through, see <see cref="PaliGemma.RunAsync{TItem, TResult}(IEnumerable{TItem}, Func{TItem, CancellationToken, Task{TResult}}, BatchRunOptions?, CancellationToken)"/>.</summary>
/// <remarks>Setting a value outside its range throws <see cref="ArgumentOutOfRangeException"/>.</remarks>
public sealed record BatchRunOptions
{
    /// <summary>The most items at once unless the caller says so.</summary>
    internal const int MostByDefault = 32;

    /// <summary>
    /// How many items are worked on at once, and thereby how far the source is read ahead of the results: 1 to 65,536. Null for twice the
    /// model's <see cref="PaliGemmaOptions.MaxBatch"/>, which keeps the batch full while pictures are read, but at most 32: so many pictures may be
    /// held decoded.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in 1…65,536.</exception>
    public int? Concurrency
    {
        get;
        init => field = value is null or (>= 1 and <= 65_536)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(Concurrency), value, "Concurrency must be 1 to 65536.");
    }

    /// <summary>Gives results in the order of the items instead of as they finish. A slow item then holds back those after it.</summary>
    public bool InOrder { get; init; }
}

/// <summary>What became of one item: a result, or the error that kept it from one.</summary>
/// <param name="Index">The item's place in the source, from 0.</param>
/// <param name="Item">The item.</param>
/// <param name="Result">The result; the default value if there is an error.</param>
/// <param name="Error">Why there is no result; null if there is one.</param>
/// <typeparam name="TItem">What is worked on.</typeparam>
/// <typeparam name="TResult">What comes out.</typeparam>
public readonly record struct BatchItemResult<TItem, TResult>(long Index, TItem Item, TResult? Result, Exception? Error)
{
    /// <summary>Whether there is a result.</summary>
    public bool Succeeded => Error is null;
}
