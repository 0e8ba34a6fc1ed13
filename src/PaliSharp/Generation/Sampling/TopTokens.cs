namespace PaliSharp.Generation;

/// <summary>Finds the likeliest tokens and their log-probabilities.</summary>
/// <param name="capacity">How many, at least 1.</param>
internal sealed class TopTokens(int capacity)
{
    private readonly BestCandidates _best = new(capacity);

    /// <summary>Writes the likeliest tokens, the likeliest first; among equally likely ones the lowest id first.</summary>
    /// <param name="logits">What the model returned, one value per token.</param>
    /// <param name="destination">Room for as many as the capacity, or as there are tokens if those are fewer.</param>
    /// <returns>How many were written.</returns>
    /// <exception cref="CheckpointException">The logits are not finite numbers.</exception>
    public int Find(ReadOnlySpan<float> logits, Span<SampledToken> destination)
    {
        double logSumExp = Softmax.LogSumExp(logits);
        _best.Clear();
        double threshold = double.NegativeInfinity;
        for (int id = 0; id < logits.Length; id++)
        {
            // Ids ascend, so one that ties with the worst kept token cannot displace it.
            if (logits[id] <= threshold)
                continue;
            _best.Offer(logits[id], id);
            threshold = _best.Threshold;
        }

        ReadOnlySpan<BestCandidates.Candidate> candidates = _best.Drain();
        for (int rank = 0; rank < candidates.Length; rank++)
            destination[rank] = new SampledToken((int)candidates[rank].Index, (float)(candidates[rank].Score - logSumExp));
        return candidates.Length;
    }
}
