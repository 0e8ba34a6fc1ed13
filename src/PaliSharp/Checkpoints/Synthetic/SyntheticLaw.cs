using System.Text;
using PaliSharp.Tensors;

namespace PaliSharp.Checkpoints.Synthetic;

/// <summary>
/// Weights from a formula, so that the real geometry can be checked and timed without released weights: element i of the tensor named N is
/// base + u·2√3·std, where u ∈ [−½, ½) comes from splitmix64 seeded with the FNV-1a hash of N, and base and std follow from name and shape
/// so that activations stay lively through all layers. Any program can repeat it.
/// </summary>
public static class SyntheticLaw
{
    private const ulong GoldenGamma = 0x9E3779B97F4A7C15;

    /// <summary>Computes a run of elements.</summary>
    /// <param name="name">The canonical name.</param>
    /// <param name="shape">The extents of the whole tensor.</param>
    /// <param name="start">The index of the first element wanted.</param>
    /// <param name="destination">Receives the elements, not yet rounded to a narrower type.</param>
    public static void Fill(string name, TensorShape shape, long start, Span<float> destination)
    {
        ArgumentNullException.ThrowIfNull(name);
        (double mean, double deviation) = Distribution(name, shape);
        double scale = 2 * Math.Sqrt(3) * deviation;
        ulong state = Hash(name) + (((ulong)start + 1) * GoldenGamma);
        for (int i = 0; i < destination.Length; i++)
        {
            ulong z = state;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            z ^= z >> 31;
            destination[i] = (float)(mean + (((z >> 40) / 16777216.0) - 0.5) * scale);
            state += GoldenGamma;
        }
    }

    private static (double Mean, double Deviation) Distribution(string name, TensorShape shape)
    {
        bool isText = name.Contains("language_model", StringComparison.Ordinal);
        bool isVector = shape.Rank == 1;
        if (name.EndsWith("embed_tokens.weight", StringComparison.Ordinal))
            return (0, 0.01);
        if (name.EndsWith("position_embedding.weight", StringComparison.Ordinal))
            return (0, 0.5);
        if (name == "language_model.model.norm.weight")
            return (7, 0.2);
        if (isText && isVector)
            return (0, 0.2); // RMS norms are stored around zero
        if (name.Contains("norm", StringComparison.Ordinal) && name.EndsWith(".weight", StringComparison.Ordinal))
            return (1, 0.2);
        if (isVector)
            return (0, 0.1);

        bool isQueryOrKey = name.EndsWith("q_proj.weight", StringComparison.Ordinal) || name.EndsWith("k_proj.weight", StringComparison.Ordinal);
        double gain = isQueryOrKey ? (isText ? 2.0 : 1.5) : 1.0;
        return (0, gain / Math.Sqrt((double)shape.Count / shape[0]));
    }

    private static ulong Hash(string name)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte value in Encoding.UTF8.GetBytes(name))
            hash = (hash ^ value) * 0x100000001B3;
        return hash;
    }
}
