namespace PaliSharp.Training.Data;

/// <summary>
/// A finite set of items, read by number. Only where items lie is held in memory; an item is read when it is asked for, by any number of threads
/// at once.
/// </summary>
internal abstract class ExampleSet
{
    /// <summary>The most items of a set: where they lie takes up to 12 bytes for each.</summary>
    public const int MaximumItems = 1 << 28;

    /// <summary>The number of items, at least 1.</summary>
    public abstract int Count { get; }

    /// <summary>Tells this data from other data, or from the same that has changed: kind, number of items, bytes.</summary>
    public abstract string Fingerprint { get; }

    /// <summary>What was already seen to be unusable while the set was opened; not counted among the items.</summary>
    public DataReport OpeningReport { get; } = new();

    /// <summary>Reads an item.</summary>
    /// <param name="index">0 to <see cref="Count"/> − 1.</param>
    /// <param name="draw">What is random about this visit, such as which of five captions.</param>
    /// <exception cref="BadItemException">It cannot be used.</exception>
    public abstract DataItem Read(int index, ItemDraw draw);

    /// <summary>Every example that an item can become, in order: as many as it has captions or answers to choose from.</summary>
    /// <exception cref="BadItemException">While enumerating: it cannot be used.</exception>
    public virtual IEnumerable<DataItem> ReadAll(int index) => [Read(index, default)];
}
