using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PaliSharp.Imaging.Resampling;

/// <summary>The two passes for 8-bit samples, in fixed point.</summary>
internal static class ByteResampler
{
    private const int Half = 1 << (ResampleKernel.Precision - 1);

    /// <summary>Scales the box of the source to the target.</summary>
    public static void Resize(
        ReadOnlySpan<byte> source,
        int sourceWidth,
        int sourceHeight,
        int channels,
        Span<byte> target,
        int width,
        int height,
        ResampleFilter filter,
        CropBox box,
        PassOrder order)
    {
        ResampleKernel? columns = width != sourceWidth || box.Left != 0 || box.Right != sourceWidth
            ? ResampleKernel.Create(sourceWidth, box.Left, box.Right, width, filter)
            : null;
        ResampleKernel? rows = height != sourceHeight || box.Top != 0 || box.Bottom != sourceHeight
            ? ResampleKernel.Create(sourceHeight, box.Top, box.Bottom, height, filter)
            : null;
        if (rows is null)
        {
            Horizontal(source, sourceWidth, channels, target, columns!, 0, sourceHeight);
        }
        else if (columns is null)
        {
            Vertical(source, sourceWidth * channels, target, rows, 0);
        }
        else if (Resampler.VerticalFirst(sourceWidth, sourceHeight, width, height, order))
        {
            byte[] between = GC.AllocateUninitializedArray<byte>(ImageLimits.ByteCount(sourceWidth, height, channels));
            Vertical(source, sourceWidth * channels, between, rows, 0);
            Horizontal(between, sourceWidth, channels, target, columns, 0, height);
        }
        else
        {
            // Only the rows that the vertical pass will read.
            int first = rows.First[0];
            int count = rows.First[^1] + rows.Count[^1] - first;
            byte[] between = GC.AllocateUninitializedArray<byte>(ImageLimits.ByteCount(width, count, channels));
            Horizontal(source, sourceWidth, channels, between, columns, first, count);
            Vertical(between, width * channels, target, rows, first);
        }
    }

    private static void Horizontal(
        ReadOnlySpan<byte> source, int sourceWidth, int channels, Span<byte> target, ResampleKernel kernel, int firstRow, int rowCount)
    {
        int[] weights = kernel.Fixed();
        PairedWeights? paired = Avx2.IsSupported && channels >= 3 ? new PairedWeights(kernel, weights) : null;
        int stride = sourceWidth * channels;
        int targetStride = kernel.Outputs * channels;
        for (int y = 0; y < rowCount; y++)
        {
            ReadOnlySpan<byte> row = source.Slice((firstRow + y) * stride, stride);
            Span<byte> output = target.Slice(y * targetStride, targetStride);
            switch (channels)
            {
                case 3 or 4 when paired is not null:
                    ByteResamplerAvx2.HorizontalRow(row, output, kernel, weights, paired, channels);
                    break;
                case 1:
                    HorizontalGray(row, output, kernel, weights);
                    break;
                case 3:
                    HorizontalRgb(row, output, kernel, weights);
                    break;
                default:
                    HorizontalRgba(row, output, kernel, weights);
                    break;
            }
        }
    }

    private static void HorizontalGray(ReadOnlySpan<byte> row, Span<byte> output, ResampleKernel kernel, int[] weights)
    {
        for (int x = 0; x < output.Length; x++)
        {
            ReadOnlySpan<byte> taps = row.Slice(kernel.First[x], kernel.Count[x]);
            ReadOnlySpan<int> w = weights.AsSpan(x * kernel.Stride, taps.Length);
            int sum = Half;
            for (int i = 0; i < taps.Length; i++)
                sum += taps[i] * w[i];
            output[x] = Clip(sum);
        }
    }

    private static void HorizontalRgb(ReadOnlySpan<byte> row, Span<byte> output, ResampleKernel kernel, int[] weights)
    {
        for (int x = 0, to = 0; x < kernel.Outputs; x++, to += 3)
        {
            int first = kernel.First[x];
            int count = kernel.Count[x];
            ReadOnlySpan<int> w = weights.AsSpan(x * kernel.Stride, count);
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

    private static void HorizontalRgba(ReadOnlySpan<byte> row, Span<byte> output, ResampleKernel kernel, int[] weights)
    {
        for (int x = 0, to = 0; x < kernel.Outputs; x++, to += 4)
        {
            int count = kernel.Count[x];
            ReadOnlySpan<int> w = weights.AsSpan(x * kernel.Stride, count);
            ReadOnlySpan<uint> taps = MemoryMarshal.Cast<byte, uint>(row).Slice(kernel.First[x], count);
            Vector128<int> sum = Vector128.Create(Half);
            for (int i = 0; i < taps.Length; i++)
                sum += WidenPixel(taps[i]) * Vector128.Create(w[i]);
            for (int c = 0; c < 4; c++)
                output[to + c] = Clip(sum[c]);
        }
    }

    private static void Vertical(ReadOnlySpan<byte> source, int stride, Span<byte> target, ResampleKernel kernel, int firstRow)
    {
        int[] weights = kernel.Fixed();
        PairedWeights? paired = Avx2.IsSupported ? new PairedWeights(kernel, weights) : null;
        for (int y = 0; y < kernel.Outputs; y++)
        {
            int count = kernel.Count[y];
            ReadOnlySpan<byte> taps = source.Slice((kernel.First[y] - firstRow) * stride, count * stride);
            ReadOnlySpan<int> w = weights.AsSpan(y * kernel.Stride, count);
            Span<byte> output = target.Slice(y * stride, stride);
            int x = paired is null ? 0 : ByteResamplerAvx2.VerticalRow(taps, stride, count, paired.Low(y), paired.High(y), output);
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
                output[x] = Clip(sum);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> WidenPixel(uint pixel) =>
        Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(pixel).AsByte())).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Clip(Vector128<int> sum) =>
        Vector128.Min(Vector128.Max(sum >> ResampleKernel.Precision, Vector128<int>.Zero), Vector128.Create(255));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte Clip(int sum) => (byte)Math.Clamp(sum >> ResampleKernel.Precision, 0, 255);
}
