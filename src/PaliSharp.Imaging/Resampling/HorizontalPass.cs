using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PaliSharp.Imaging.Resampling;

/// <summary>Scales rows of 8-bit samples in fixed point.</summary>
internal sealed class HorizontalPass
{
    private const int Half = 1 << (ResampleKernel.Precision - 1);

    private readonly ResampleKernel _kernel;
    private readonly int _channels;
    private readonly int[] _weights;
    private readonly PairedWeights? _paired;

    /// <summary>Prepares the weights.</summary>
    /// <param name="kernel">The columns that each output reads.</param>
    /// <param name="channels">The samples of a pixel: 1, 3 or 4.</param>
    public HorizontalPass(ResampleKernel kernel, int channels)
    {
        _kernel = kernel;
        _channels = channels;
        _weights = kernel.Fixed();
        _paired = Avx2.IsSupported && channels >= 3 ? new PairedWeights(kernel, _weights) : null;
    }

    /// <summary>Scales a row.</summary>
    public void Row(ReadOnlySpan<byte> row, Span<byte> output)
    {
        if (_paired is not null)
            ByteResamplerAvx2.HorizontalRow(row, output, _kernel, _weights, _paired, _channels);
        else if (_channels == 1)
            Gray(row, output);
        else if (_channels == 3)
            Rgb(row, output);
        else
            Rgba(row, output);
    }

    private void Gray(ReadOnlySpan<byte> row, Span<byte> output)
    {
        for (int x = 0; x < output.Length; x++)
        {
            ReadOnlySpan<byte> taps = row.Slice(_kernel.First[x], _kernel.Count[x]);
            ReadOnlySpan<int> w = _weights.AsSpan(x * _kernel.Stride, taps.Length);
            int sum = Half;
            for (int i = 0; i < taps.Length; i++)
                sum += taps[i] * w[i];
            output[x] = Clip(sum);
        }
    }

    private void Rgb(ReadOnlySpan<byte> row, Span<byte> output)
    {
        for (int x = 0, to = 0; x < _kernel.Outputs; x++, to += 3)
        {
            int first = _kernel.First[x];
            int count = _kernel.Count[x];
            ReadOnlySpan<int> w = _weights.AsSpan(x * _kernel.Stride, count);
            ReadOnlySpan<byte> taps = row.Slice(first * 3, count * 3);
            Vector128<int> sum = Vector128.Create(Half);
            int i = 0;

            // Four bytes are loaded for three, so the last pixel of the taps is done apart.
            for (int at = 0; i < count - 1; i++, at += 3)
                sum += WidenPixel(MemoryMarshal.Read<uint>(taps[at..])) * Vector128.Create(w[i]);
            if (i < count)
            {
                int at = i * 3;
                sum += Vector128.Create(taps[at], taps[at + 1], taps[at + 2], 0) * Vector128.Create(w[i]);
            }

            output[to] = Clip(sum[0]);
            output[to + 1] = Clip(sum[1]);
            output[to + 2] = Clip(sum[2]);
        }
    }

    private void Rgba(ReadOnlySpan<byte> row, Span<byte> output)
    {
        for (int x = 0, to = 0; x < _kernel.Outputs; x++, to += 4)
        {
            int count = _kernel.Count[x];
            ReadOnlySpan<int> w = _weights.AsSpan(x * _kernel.Stride, count);
            ReadOnlySpan<uint> taps = MemoryMarshal.Cast<byte, uint>(row).Slice(_kernel.First[x], count);
            Vector128<int> sum = Vector128.Create(Half);
            for (int i = 0; i < taps.Length; i++)
                sum += WidenPixel(taps[i]) * Vector128.Create(w[i]);
            for (int c = 0; c < 4; c++)
                output[to + c] = Clip(sum[c]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> WidenPixel(uint pixel) =>
        Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(pixel).AsByte())).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte Clip(int sum) => (byte)Math.Clamp(sum >> ResampleKernel.Precision, 0, 255);
}
