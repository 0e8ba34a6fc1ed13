using System.Numerics;
using System.Runtime.InteropServices;

namespace PaliSharp.Generation;

/// <summary>Divides the logits.</summary>
/// <param name="temperature">The divisor, above 0: below 1 sharpens the distribution, above 1 flattens it.</param>
internal sealed class TemperatureProcessor(double temperature) : ILogitsProcessor
{
    private readonly float _temperature = (float)temperature;

    public void Process(Span<float> logits, ReadOnlySpan<int> previousIds)
    {
        Span<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(logits);
        foreach (ref Vector<float> vector in vectors)
            vector /= _temperature;
        foreach (ref float logit in logits[(vectors.Length * Vector<float>.Count)..])
            logit /= _temperature;
    }
}
