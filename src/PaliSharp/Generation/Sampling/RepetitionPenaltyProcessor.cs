namespace PaliSharp.Generation;

/// <summary>Divides the positive and multiplies the negative logits of the tokens that have occurred, once each.</summary>
/// <param name="penalty">The factor, above 0; above 1 discourages repetition.</param>
internal sealed class RepetitionPenaltyProcessor(double penalty) : ILogitsProcessor
{
    private readonly float _penalty = (float)penalty;
    private ulong[] _seen = [];

    public void Process(Span<float> logits, ReadOnlySpan<int> previousIds)
    {
        int words = (logits.Length + 63) / 64;
        if (_seen.Length < words)
            _seen = new ulong[words];
        foreach (int id in previousIds)
        {
            if ((uint)id >= (uint)logits.Length || (_seen[id >> 6] & (1UL << id)) != 0)
                continue;
            _seen[id >> 6] |= 1UL << id;
            ref float logit = ref logits[id];
            logit = logit < 0 ? logit * _penalty : logit / _penalty;
        }

        // Only the words that were set are cleared: the history is short, the vocabulary is not.
        foreach (int id in previousIds)
        {
            if ((uint)id < (uint)logits.Length)
                _seen[id >> 6] = 0;
        }
    }
}
