using PaliSharp.TestSupport;

namespace PaliSharp.Tests.Generation;

/// <summary>A made-up model: random logits that depend on the last two tokens and on how many there are.</summary>
internal sealed class ToyModel(int vocabulary, int seed)
{
    public float[] After(IReadOnlyList<int> text)
    {
        int hash = HashOf(seed, text.Count);
        for (int i = Math.Max(0, text.Count - 2); i < text.Count; i++)
            hash = HashOf(hash, text[i] + 1);
        return TestNumbers.Normal(vocabulary, hash, 2);
    }

    /// <summary>log softmax of the logits after a text.</summary>
    public double[] LogProbabilities(IReadOnlyList<int> text) => [.. PropertyChecks.Probabilities(After(text)).Select(value => Math.Log(value))];

    /// <summary>The log-probability of a text.</summary>
    public double Sum(int[] text) => Enumerable.Range(0, text.Length).Sum(i => LogProbabilities(text[..i])[text[i]]);

    /// <summary>Every text that ends with a token or at a length, and its log-probability.</summary>
    public IEnumerable<(int[] Tokens, double Sum)> AllTexts(int limit, int endId) => Extend([], 0, limit, endId);

    private static int HashOf(int hash, int value) => unchecked((hash * 1_000_003) ^ (value * 7919));

    private IEnumerable<(int[] Tokens, double Sum)> Extend(int[] text, double sum, int limit, int endId)
    {
        if (text.Length == limit || (text.Length > 0 && text[^1] == endId))
            return [(text, sum)];
        double[] next = LogProbabilities(text);
        return Enumerable.Range(0, vocabulary).SelectMany(id => Extend([.. text, id], sum + next[id], limit, endId));
    }
}
