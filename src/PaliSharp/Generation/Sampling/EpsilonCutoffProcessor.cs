namespace PaliSharp.Generation;

/// <summary>Removes the tokens below a probability, but not the likeliest.</summary>
/// <param name="epsilon">The least probability, above 0 and below 1.</param>
internal sealed class EpsilonCutoffProcessor(double epsilon) : ILogitsProcessor
{
    private readonly double _logEpsilon = Math.Log(epsilon);

    public void Process(Span<float> logits, ReadOnlySpan<int> previousIds) =>
        LogitsFilter.RemoveUnlikely(logits, Softmax.LogSumExp(logits), _logEpsilon);
}
