namespace PaliSharp.Generation;

/// <summary>
/// Removes the tokens below the probability min(η, √η·e^−entropy), but not the likeliest: the flatter, the more may stay.
/// </summary>
/// <param name="eta">η, above 0 and below 1.</param>
/// <param name="scratch">Working memory.</param>
internal sealed class EtaCutoffProcessor(double eta, SamplingScratch scratch) : ILogitsProcessor
{
    private readonly double _logEta = Math.Log(eta);

    public void Process(Span<float> logits, ReadOnlySpan<int> previousIds)
    {
        Span<float> weights = scratch.Weights(logits.Length);
        double total = Softmax.Weights(logits, weights);
        double logSumExp = Softmax.Max(logits) + Math.Log(total);
        double entropy = Softmax.Entropy(logits, weights, total, logSumExp);
        LogitsFilter.RemoveUnlikely(logits, logSumExp, Math.Min(_logEta, (_logEta / 2) - entropy));
    }
}
