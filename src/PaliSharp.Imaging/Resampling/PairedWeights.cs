using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PaliSharp.Imaging.Resampling;

/// <summary>
/// The fixed-point weights of a kernel, split in two parts that fit in 16 bits and ordered in pairs, for instructions that multiply pairs of 16 bits and
/// add. The parts' sums, put together, are the sums of the whole weights: integers have no rounding.
/// </summary>
internal sealed class PairedWeights
{
    /// <summary>The bits of the lower part. Weights have at most 24 with their sign, so the upper part has at most 10.</summary>
    public const int LowBits = 14;

    // For each output and each pair of inputs the lower parts, then the upper parts; the weights of missing inputs are zero.
    private readonly short[] _low;
    private readonly short[] _high;

    public PairedWeights(ResampleKernel kernel, int[] weights)
    {
        Stride = (kernel.Stride + 3) & ~3;
        _low = new short[kernel.Outputs * Stride];
        _high = new short[kernel.Outputs * Stride];
        for (int i = 0; i < kernel.Outputs; i++)
        {
            ReadOnlySpan<int> source = weights.AsSpan(i * kernel.Stride, kernel.Count[i]);
            for (int k = 0; k < source.Length; k++)
            {
                _low[(i * Stride) + k] = (short)(source[k] & ((1 << LowBits) - 1));
                _high[(i * Stride) + k] = (short)(source[k] >> LowBits);
            }
        }
    }

    /// <summary>The weights of an output, a multiple of 4.</summary>
    public int Stride { get; }

    /// <summary>The lower parts of the weights of an output, in pairs.</summary>
    public ReadOnlySpan<int> Low(int output) => MemoryMarshal.Cast<short, int>(_low.AsSpan(output * Stride, Stride));

    /// <summary>The upper parts of the weights of an output, in pairs.</summary>
    public ReadOnlySpan<int> High(int output) => MemoryMarshal.Cast<short, int>(_high.AsSpan(output * Stride, Stride));

    /// <summary>Two pairs, the first in each of the lower four places and the second in the upper four.</summary>
    public static Vector256<short> Spread(ReadOnlySpan<int> pairs, int at) =>
        Vector256.Create(Vector128.Create(pairs[at]), Vector128.Create(pairs[at + 1])).AsInt16();
}
