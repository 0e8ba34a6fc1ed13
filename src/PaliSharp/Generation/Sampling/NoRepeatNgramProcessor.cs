namespace PaliSharp.Generation;

/// <summary>Removes every token that would complete a run of tokens that has already occurred.</summary>
/// <param name="size">The length of the runs, at least 1.</param>
internal sealed class NoRepeatNgramProcessor(int size) : ILogitsProcessor
{
    public void Process(Span<float> logits, ReadOnlySpan<int> previousIds)
    {
        int stem = size - 1;
        if (previousIds.Length < size)
            return;
        ReadOnlySpan<int> current = previousIds[^stem..];
        for (int start = 0; start + stem < previousIds.Length; start++)
        {
            int next = previousIds[start + stem];
            if ((uint)next < (uint)logits.Length && previousIds.Slice(start, stem).SequenceEqual(current))
                logits[next] = float.NegativeInfinity;
        }
    }
}
