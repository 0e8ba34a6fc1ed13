namespace PaliSharp.Generation;

/// <summary>Keeps the likeliest tokens whose mass reaches p, at least one.</summary>
/// <param name="p">The share, 0 to 1.</param>
/// <param name="rule">What happens to equally likely tokens on the border.</param>
/// <param name="scratch">Working memory.</param>
internal sealed class TopPProcessor(double p, NucleusRule rule, SamplingScratch scratch) : ILogitsProcessor
{
    public void Process(Span<float> logits, ReadOnlySpan<int> previousIds)
    {
        Span<float> weights = scratch.Weights(logits.Length);
        double mass = p * Softmax.Weights(logits, weights);
        (float cut, double above) = scratch.Selector.LargestReaching(logits, weights, mass);
        LogitsFilter.RemoveBelow(logits, cut);
        if (rule == NucleusRule.HuggingFace)
            KeepFirstTies(logits, weights, cut, above, mass);
    }

    /// <summary>Of the tokens on the border, a token stays while those before it have not reached the mass.</summary>
    private static void KeepFirstTies(Span<float> logits, ReadOnlySpan<float> weights, float cut, double above, double mass)
    {
        bool any = false;
        for (int id = 0; id < logits.Length; id++)
        {
            if (logits[id] != cut)
                continue;
            if (any && above >= mass)
                logits[id] = float.NegativeInfinity;
            any = true;
            above += weights[id];
        }
    }
}
