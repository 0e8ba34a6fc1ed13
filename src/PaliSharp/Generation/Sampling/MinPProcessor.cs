namespace PaliSharp.Generation;

/// <summary>Removes the tokens with less than a share of the likeliest token's probability.</summary>
/// <param name="share">The share, above 0 to 1.</param>
internal sealed class MinPProcessor(double share) : ILogitsProcessor
{
    private readonly double _logShare = Math.Log(share);

    public void Process(Span<float> logits, ReadOnlySpan<int> previousIds)
    {
        // p < share · max p is, in logits, logit < max + log share: no softmax is needed.
        double threshold = Softmax.Max(logits) + _logShare;
        foreach (ref float logit in logits)
        {
            if (logit < threshold)
                logit = float.NegativeInfinity;
        }
    }
}
