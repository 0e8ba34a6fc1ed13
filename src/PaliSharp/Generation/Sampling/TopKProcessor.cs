namespace PaliSharp.Generation;

/// <summary>Keeps the k likeliest tokens and all that tie with the last of them.</summary>
/// <param name="k">How many, at least 1.</param>
/// <param name="scratch">Working memory.</param>
internal sealed class TopKProcessor(int k, SamplingScratch scratch) : ILogitsProcessor
{
    public void Process(Span<float> logits, ReadOnlySpan<int> previousIds)
    {
        if (k >= logits.Length)
            return;
        LogitsFilter.RemoveBelow(logits, scratch.Selector.Largest(logits, k));
    }
}
