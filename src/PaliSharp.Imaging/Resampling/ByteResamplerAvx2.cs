using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PaliSharp.Imaging.Resampling;

/// <summary>
/// The rows of <see cref="HorizontalPass"/> and <see cref="VerticalPass"/> with products of 16-bit pairs: the same integers, several times as fast.
/// </summary>
internal static class ByteResamplerAvx2
{
    private const int Half = 1 << (ResampleKernel.Precision - 1);

    /// <summary>Scales a row of pixels of 3 or 4 channels.</summary>
    public static void HorizontalRow(ReadOnlySpan<byte> row, Span<byte> output, ResampleKernel kernel, int[] weights, PairedWeights paired, int channels)
    {
        // Four pixels become pairs of samples of the first two, then of the other two.
        Vector128<byte> order = channels == 3
            ? Vector128.Create((byte)0, 3, 1, 4, 2, 5, 255, 255, 6, 9, 7, 10, 8, 11, 255, 255)
            : Vector128.Create((byte)0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15);
        for (int x = 0, to = 0; x < kernel.Outputs; x++, to += channels)
        {
            int count = kernel.Count[x];
            ReadOnlySpan<byte> taps = row[(kernel.First[x] * channels)..];
            ReadOnlySpan<int> low = paired.Low(x);
            ReadOnlySpan<int> high = paired.High(x);
            Vector256<int> lowSum = Vector256<int>.Zero;
            Vector256<int> highSum = Vector256<int>.Zero;
            int i = 0;

            // Sixteen bytes are loaded, also where fewer are used; near the end of the row the rest is done one by one.
            for (int at = 0; i < count && taps.Length - at >= 16; i += 4, at += 4 * channels)
            {
                Vector256<short> pairs = Avx2.ConvertToVector256Int16(Ssse3.Shuffle(Vector128.Create(taps.Slice(at, 16)), order));
                lowSum += Avx2.MultiplyAddAdjacent(pairs, PairedWeights.Spread(low, i >> 1));
                highSum += Avx2.MultiplyAddAdjacent(pairs, PairedWeights.Spread(high, i >> 1));
            }

            Vector256<int> both = lowSum + (highSum << PairedWeights.LowBits);
            Vector128<int> sum = both.GetLower() + both.GetUpper() + Vector128.Create(Half);
            for (; i < count; i++)
            {
                ReadOnlySpan<byte> pixel = taps.Slice(i * channels, channels);
                sum += Vector128.Create(pixel[0], pixel[1], pixel[2], channels == 4 ? pixel[3] : 0) * Vector128.Create(weights[(x * kernel.Stride) + i]);
            }

            Vector128<short> narrow = Sse2.PackSignedSaturate(sum >> ResampleKernel.Precision, Vector128<int>.Zero);
            uint result = Sse2.PackUnsignedSaturate(narrow, narrow).AsUInt32().ToScalar();
            output[to] = (byte)result;
            output[to + 1] = (byte)(result >> 8);
            output[to + 2] = (byte)(result >> 16);
            if (channels == 4)
                output[to + 3] = (byte)(result >> 24);
        }
    }

    /// <summary>Makes one row of the rows above one another.</summary>
    /// <param name="taps">The rows, without padding.</param>
    /// <param name="stride">The samples of a row.</param>
    /// <param name="count">The number of rows.</param>
    /// <param name="low">The lower parts of their weights.</param>
    /// <param name="high">The upper parts of their weights.</param>
    /// <param name="output">The row to write.</param>
    /// <returns>The number of samples written; the last ones are left out.</returns>
    public static int VerticalRow(ReadOnlySpan<byte> taps, int stride, int count, ReadOnlySpan<int> low, ReadOnlySpan<int> high, Span<byte> output)
    {
        int x = 0;
        for (; x <= stride - 32; x += 32)
        {
            Sums first = default;
            Sums second = default;
            Sums third = default;
            Sums fourth = default;
            int i = 0;
            int at = x;
            for (; i < count; i += 2, at += 2 * stride)
            {
                // An odd last row is paired with itself; its second weight is zero.
                Vector256<byte> a = Vector256.Create(taps.Slice(at, 32));
                Vector256<byte> b = i + 1 < count ? Vector256.Create(taps.Slice(at + stride, 32)) : a;
                Vector256<short> lowWeights = Vector256.Create(low[i >> 1]).AsInt16();
                Vector256<short> highWeights = Vector256.Create(high[i >> 1]).AsInt16();
                Vector256<byte> lower = Avx2.UnpackLow(a, b);
                Vector256<byte> upper = Avx2.UnpackHigh(a, b);
                Vector256<byte> zero = Vector256<byte>.Zero;
                Add(ref first, Avx2.UnpackLow(lower, zero).AsInt16(), lowWeights, highWeights);
                Add(ref second, Avx2.UnpackHigh(lower, zero).AsInt16(), lowWeights, highWeights);
                Add(ref third, Avx2.UnpackLow(upper, zero).AsInt16(), lowWeights, highWeights);
                Add(ref fourth, Avx2.UnpackHigh(upper, zero).AsInt16(), lowWeights, highWeights);
            }

            // Packing undoes the order of unpacking.
            Vector256<short> left = Avx2.PackSignedSaturate(Finish(first), Finish(second));
            Vector256<short> right = Avx2.PackSignedSaturate(Finish(third), Finish(fourth));
            Avx2.PackUnsignedSaturate(left, right).CopyTo(output[x..]);
        }

        return x;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(ref Sums sums, Vector256<short> pairs, Vector256<short> low, Vector256<short> high)
    {
        sums.Low += Avx2.MultiplyAddAdjacent(pairs, low);
        sums.High += Avx2.MultiplyAddAdjacent(pairs, high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Finish(Sums sums) =>
        (sums.Low + (sums.High << PairedWeights.LowBits) + Vector256.Create(Half)) >> ResampleKernel.Precision;

    /// <summary>Sums with the two parts of the weights.</summary>
    private struct Sums
    {
        public Vector256<int> Low;
        public Vector256<int> High;
    }
}
