namespace PaliSharp.Generation;

/// <summary>The likeliest token.</summary>
internal static class ArgMax
{
    /// <summary>The lowest id of those with the largest logit, or −1 when every token is removed.</summary>
    public static int Of(ReadOnlySpan<float> logits)
    {
        float max = Softmax.Max(logits);
        return float.IsNegativeInfinity(max) ? -1 : logits.IndexOf(max);
    }

    /// <summary>
    /// The lowest id of those with the largest sum of logit and noise, or −1 when every token is removed. With standard Gumbel noise this
    /// draws from the softmax of the logits.
    /// </summary>
    public static int Of(ReadOnlySpan<float> logits, ReadOnlySpan<float> noise)
    {
        int best = -1;
        float max = float.NegativeInfinity;
        for (int id = 0; id < logits.Length; id++)
        {
            float value = logits[id] + noise[id];
            if (value > max)
                (best, max) = (id, value);
        }

        return best;
    }
}
