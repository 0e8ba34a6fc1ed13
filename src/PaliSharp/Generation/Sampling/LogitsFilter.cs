using System.Numerics;
using System.Runtime.InteropServices;

namespace PaliSharp.Generation;

/// <summary>What the processors that cut at a threshold share.</summary>
internal static class LogitsFilter
{
    /// <summary>Removes every token whose logit is below <paramref name="threshold"/>.</summary>
    public static void RemoveBelow(Span<float> logits, float threshold)
    {
        var limit = new Vector<float>(threshold);
        var removed = new Vector<float>(float.NegativeInfinity);
        Span<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(logits);
        foreach (ref Vector<float> vector in vectors)
            vector = Vector.ConditionalSelect(Vector.LessThan(vector, limit), removed, vector);
        foreach (ref float logit in logits[(vectors.Length * Vector<float>.Count)..])
        {
            if (logit < threshold)
                logit = float.NegativeInfinity;
        }
    }

    /// <summary>Removes every token less likely than e^<paramref name="logProbability"/>, but not the likeliest.</summary>
    /// <param name="logits">The logits.</param>
    /// <param name="logSumExp">Their normaliser.</param>
    /// <param name="logProbability">The logarithm of the least probability that stays.</param>
    public static void RemoveUnlikely(Span<float> logits, double logSumExp, double logProbability)
    {
        float max = Softmax.Max(logits);
        double threshold = logSumExp + logProbability;
        foreach (ref float logit in logits)
        {
            if (logit < threshold && logit < max)
                logit = float.NegativeInfinity;
        }
    }
}
