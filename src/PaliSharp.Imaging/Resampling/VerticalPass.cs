using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PaliSharp.Imaging.Resampling;

/// <summary>Makes rows of 8-bit samples from rows above one another, in fixed point.</summary>
internal sealed class VerticalPass
{
    private const int Half = 1 << (ResampleKernel.Precision - 1);

    private readonly ResampleKernel _kernel;
    private readonly int[] _weights;
    private readonly PairedWeights? _paired;

    /// <summary>Prepares the weights.</summary>
    /// <param name="kernel">The rows that each output reads.</param>
    public VerticalPass(ResampleKernel kernel)
    {
        _kernel = kernel;
        _weights = kernel.Fixed();
        _paired = Avx2.IsSupported ? new PairedWeights(kernel, _weights) : null;
    }

    /// <summary>The most rows that an output reads.</summary>
    public int MostRows => _kernel.Stride;

    /// <summary>The first row that an output reads. It never decreases from output to output.</summary>
    public int First(int y) => _kernel.First[y];

    /// <summary>The number of rows that an output reads.</summary>
    public int Count(int y) => _kernel.Count[y];

    /// <summary>Makes a row.</summary>
    /// <param name="y">Its number.</param>
    /// <param name="taps">The rows that it reads, without padding.</param>
    /// <param name="output">Receives the samples.</param>
    public void Row(int y, ReadOnlySpan<byte> taps, Span<byte> output)
    {
        int stride = output.Length;
        int count = _kernel.Count[y];
        ReadOnlySpan<int> w = _weights.AsSpan(y * _kernel.Stride, count);
        int x = _paired is null ? 0 : ByteResamplerAvx2.VerticalRow(taps, stride, count, _paired.Low(y), _paired.High(y), output);
        for (; x <= stride - Vector128<byte>.Count; x += Vector128<byte>.Count)
        {
            Vector128<int> a = Vector128.Create(Half);
            Vector128<int> b = a;
            Vector128<int> c = a;
            Vector128<int> d = a;
            for (int i = 0, at = x; i < w.Length; i++, at += stride)
            {
                Vector128<int> weight = Vector128.Create(w[i]);
                (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(Vector128.Create(taps.Slice(at, 16)));
                a += Vector128.WidenLower(low).AsInt32() * weight;
                b += Vector128.WidenUpper(low).AsInt32() * weight;
                c += Vector128.WidenLower(high).AsInt32() * weight;
                d += Vector128.WidenUpper(high).AsInt32() * weight;
            }

            Vector128<short> lower = Vector128.Narrow(Clip(a), Clip(b));
            Vector128<short> upper = Vector128.Narrow(Clip(c), Clip(d));
            Vector128.Narrow(lower.AsUInt16(), upper.AsUInt16()).CopyTo(output[x..]);
        }

        for (; x < stride; x++)
        {
            int sum = Half;
            for (int i = 0, at = x; i < w.Length; i++, at += stride)
                sum += taps[at] * w[i];
            output[x] = (byte)Math.Clamp(sum >> ResampleKernel.Precision, 0, 255);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Clip(Vector128<int> sum) =>
        Vector128.Min(Vector128.Max(sum >> ResampleKernel.Precision, Vector128<int>.Zero), Vector128.Create(255));
}
