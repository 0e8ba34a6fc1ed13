namespace PaliSharp.Generation;

/// <summary>
/// Keeps the tokens whose information content −log p is nearest to the entropy, until their mass reaches a share; all that tie with the
/// last one stay (locally typical sampling).
/// </summary>
/// <param name="mass">The share, above 0 to 1.</param>
/// <param name="scratch">Working memory.</param>
internal sealed class TypicalProcessor(double mass, SamplingScratch scratch) : ILogitsProcessor
{
    public void Process(Span<float> logits, ReadOnlySpan<int> previousIds)
    {
        Span<float> weights = scratch.Weights(logits.Length);
        Span<float> nearness = scratch.Keys(logits.Length);
        double total = Softmax.Weights(logits, weights);
        double logSumExp = Softmax.Max(logits) + Math.Log(total);
        double entropy = Softmax.Entropy(logits, weights, total, logSumExp);
        for (int id = 0; id < logits.Length; id++)
            nearness[id] = (float)-Math.Abs(logSumExp - logits[id] - entropy);
        (float cut, _) = scratch.Selector.LargestReaching(nearness, weights, mass * total);
        for (int id = 0; id < logits.Length; id++)
        {
            if (nearness[id] < cut)
                logits[id] = float.NegativeInfinity;
        }
    }
}
