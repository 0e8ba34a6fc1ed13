namespace PaliSharp.Generation;

/// <summary>Keeps the k likeliest tokens and all that tie with the last of them.</summary>
/// <param name="k">How many, at least 1.</param>
/// <param name="scratch">Working memory.</param>
internal sealed class TopKProcessor(int k, SamplingScratch scratch) : ILogitsProcessor
{
    /// <summary>Up to here a heap, which nearly every token misses at one comparison, is faster than histograms.</summary>
    private const int LargestHeap = 256;

    private readonly BestCandidates? _best = k <= LargestHeap ? new BestCandidates(k) : null;

    public void Process(Span<float> logits, ReadOnlySpan<int> previousIds)
    {
        if (k >= logits.Length)
            return;
        LogitsFilter.RemoveBelow(logits, _best is null ? scratch.Selector.Largest(logits, k) : LargestByHeap(logits, _best));
    }

    /// <summary>The k-th largest logit, or −∞ if fewer tokens are left.</summary>
    private static float LargestByHeap(ReadOnlySpan<float> logits, BestCandidates best)
    {
        best.Clear();
        float threshold = float.NegativeInfinity;
        for (int id = 0; id < logits.Length; id++)
        {
            if (logits[id] <= threshold)
                continue;
            best.Offer(logits[id], id);
            threshold = (float)best.Threshold;
        }

        return threshold;
    }
}
