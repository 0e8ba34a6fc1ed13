using PaliSharp.Training.Autodiff;

namespace PaliSharp.Training;

/// <summary>Random numbers that are the same on every machine and in every version: splitmix64, and Box and Muller's transform.</summary>
/// <param name="seed">Determines them.</param>
internal sealed class GaussianRandom(ulong seed)
{
    private ulong _counter;

    /// <summary>Uniform in [0, 1).</summary>
    public double Uniform() => (Dropping.Mix(seed ^ Dropping.Mix(_counter++)) >> 11) * (1.0 / (1UL << 53));

    /// <summary>Normal with mean 0 and deviation 1.</summary>
    public double Normal() => Math.Sqrt(-2 * Math.Log(1 - Uniform())) * Math.Cos(2 * Math.PI * Uniform());
}
