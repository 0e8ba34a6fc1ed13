using System.Numerics;
using System.Runtime.InteropServices;

namespace PaliSharp.Generation;

/// <summary>Softmax and its normaliser over a whole vocabulary: single-precision exponentials, double-precision sums.</summary>
internal static class Softmax
{
    /// <summary>The largest logit.</summary>
    public static float Max(ReadOnlySpan<float> logits)
    {
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(logits);
        float max = float.NegativeInfinity;
        if (!vectors.IsEmpty)
        {
            Vector<float> lanes = vectors[0];
            foreach (Vector<float> vector in vectors[1..])
                lanes = Vector.Max(lanes, vector);
            for (int i = 0; i < Vector<float>.Count; i++)
                max = Math.Max(max, lanes[i]);
        }

        foreach (float logit in logits[(vectors.Length * Vector<float>.Count)..])
            max = Math.Max(max, logit);
        return max;
    }

    /// <summary>log Σ exp(logit), what is subtracted from a logit to get its log-probability.</summary>
    /// <exception cref="CheckpointException">The result is not finite.</exception>
    public static double LogSumExp(ReadOnlySpan<float> logits)
    {
        float max = Max(logits);
        var shift = new Vector<float>(max);
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(logits);
        Vector<double> sums = Vector<double>.Zero;
        foreach (Vector<float> vector in vectors)
        {
            Vector.Widen(Vector.Exp(vector - shift), out Vector<double> low, out Vector<double> high);
            sums += low + high;
        }

        double sum = Vector.Sum(sums);
        foreach (float logit in logits[(vectors.Length * Vector<float>.Count)..])
            sum += MathF.Exp(logit - max);
        double result = max + Math.Log(sum);
        return double.IsFinite(result) ? result : throw NotFinite();
    }

    /// <summary>Writes exp(logit − largest logit), the unnormalised probabilities, and returns their sum.</summary>
    /// <param name="logits">The logits, at least one of them above −∞.</param>
    /// <param name="weights">Receives as many values.</param>
    public static double Weights(ReadOnlySpan<float> logits, Span<float> weights)
    {
        float max = Max(logits);
        var shift = new Vector<float>(max);
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(logits);
        Span<Vector<float>> results = MemoryMarshal.Cast<float, Vector<float>>(weights);
        Vector<double> sums = Vector<double>.Zero;
        for (int i = 0; i < vectors.Length; i++)
        {
            Vector<float> weight = Vector.Exp(vectors[i] - shift);
            results[i] = weight;
            Vector.Widen(weight, out Vector<double> low, out Vector<double> high);
            sums += low + high;
        }

        double sum = Vector.Sum(sums);
        for (int i = vectors.Length * Vector<float>.Count; i < logits.Length; i++)
            sum += weights[i] = MathF.Exp(logits[i] - max);
        return sum;
    }

    /// <summary>−Σ p·log p of the distribution that the weights describe, in nats.</summary>
    /// <param name="logits">The logits; −∞ counts as probability 0.</param>
    /// <param name="weights">What <see cref="Weights"/> made of them.</param>
    /// <param name="total">What it returned.</param>
    /// <param name="logSumExp">The logits' normaliser.</param>
    public static double Entropy(ReadOnlySpan<float> logits, ReadOnlySpan<float> weights, double total, double logSumExp)
    {
        double sum = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            if (weights[i] > 0)
                sum += weights[i] * (logSumExp - logits[i]);
        }

        return sum / total;
    }

    private static CheckpointException NotFinite() => new(
        "The model's logits are not finite numbers. The weights are damaged, or their values overflow; run 'inspect' on the checkpoint.");
}
