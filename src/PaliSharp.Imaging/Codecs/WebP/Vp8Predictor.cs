using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>The modes of prediction; the first four also apply to whole macroblocks.</summary>
internal enum Vp8Mode
{
    Dc = 0,
    TrueMotion = 1,
    Vertical = 2,
    Horizontal = 3,
    DownRight = 4,
    VerticalRight = 5,
    DownLeft = 6,
    VerticalLeft = 7,
    HorizontalDown = 8,
    HorizontalUp = 9,
}

/// <summary>Predicts blocks from the samples above and to the left.</summary>
internal static class Vp8Predictor
{
    /// <summary>Predicts a square of 8 or 16 samples.</summary>
    public static void PredictSquare(Vp8Plane plane, int x, int y, int size, Vp8Mode mode)
    {
        Span<byte> samples = plane.Samples;
        int stride = plane.Stride;
        int start = plane.At(x, y);
        ReadOnlySpan<byte> above = samples.Slice(start - stride, size);
        switch (mode)
        {
            case Vp8Mode.Dc:
                byte dc = Mean(samples, start, stride, size, hasAbove: y > 0, hasLeft: x > 0);
                for (int row = 0; row < size; row++)
                    samples.Slice(start + (row * stride), size).Fill(dc);
                break;
            case Vp8Mode.TrueMotion:
                AddGradient(samples, start, stride, size);
                break;
            case Vp8Mode.Vertical:
                for (int row = 0; row < size; row++)
                    above.CopyTo(samples[(start + (row * stride))..]);
                break;
            default:
                for (int row = 0; row < size; row++)
                    samples.Slice(start + (row * stride), size).Fill(samples[start + (row * stride) - 1]);
                break;
        }
    }

    /// <summary>Predicts a block of 4×4 samples.</summary>
    /// <param name="plane">The luma plane.</param>
    /// <param name="x">The column of the block.</param>
    /// <param name="y">The row of the block.</param>
    /// <param name="mode">The mode.</param>
    /// <param name="right">The four samples above to the right.</param>
    public static void PredictBlock(Vp8Plane plane, int x, int y, Vp8Mode mode, ReadOnlySpan<byte> right)
    {
        Span<byte> samples = plane.Samples;
        int stride = plane.Stride;
        int start = plane.At(x, y);
        if (mode == Vp8Mode.TrueMotion)
        {
            AddGradient(samples, start, stride, 4);
            return;
        }

        // The edge from the lower left over the corner to the upper right: 4 left (lowest first), corner, 8 above; the ends repeated.
        Span<byte> e = stackalloc byte[32];
        for (int i = 0; i < 4; i++)
            e[i + 1] = samples[start + ((3 - i) * stride) - 1];
        samples.Slice(start - stride - 1, 5).CopyTo(e[5..]);
        right[..4].CopyTo(e[10..]);
        e[0] = e[1];
        e[14] = e[13];
        if (mode == Vp8Mode.Dc)
        {
            int sum = e[1] + e[2] + e[3] + e[4] + e[6] + e[7] + e[8] + e[9];
            for (int row = 0; row < 4; row++)
                samples.Slice(start + (row * stride), 4).Fill((byte)((sum + 4) >> 3));
            return;
        }

        // At each place of the edge the weighted mean with both neighbours, and the mean with the next.
        Vector256<ushort> before = Vector256.WidenLower(Vector128.Create<byte>(e).ToVector256Unsafe());
        Vector256<ushort> at = Vector256.WidenLower(Vector128.Create<byte>(e[1..]).ToVector256Unsafe());
        Vector256<ushort> after = Vector256.WidenLower(Vector128.Create<byte>(e[2..]).ToVector256Unsafe());
        Vector256<ushort> three = (before + at + at + after + Vector256.Create((ushort)2)) >> 2;
        Vector256<ushort> two = (at + after + Vector256<ushort>.One) >> 1;
        Span<byte> means = stackalloc byte[32];
        Vector256.Narrow(three, two).CopyTo(means);
        Fill(samples[start..], stride, mode, means[..16], means[16..], e[1]);
    }

    /// <summary>Fills a block from the means along its edge; most rows are runs of them.</summary>
    private static void Fill(Span<byte> block, int stride, Vp8Mode mode, ReadOnlySpan<byte> three, ReadOnlySpan<byte> two, byte lowest)
    {
        Span<byte> row0 = block[..4];
        Span<byte> row1 = block.Slice(stride, 4);
        Span<byte> row2 = block.Slice(2 * stride, 4);
        Span<byte> row3 = block.Slice(3 * stride, 4);
        switch (mode)
        {
            case Vp8Mode.Vertical:
                Rows(three.Slice(5, 4), three.Slice(5, 4), three.Slice(5, 4), three.Slice(5, 4), row0, row1, row2, row3);
                break;
            case Vp8Mode.Horizontal:
                row0.Fill(three[3]);
                row1.Fill(three[2]);
                row2.Fill(three[1]);
                row3.Fill(three[0]);
                break;
            case Vp8Mode.DownRight:
                Rows(three.Slice(4, 4), three.Slice(3, 4), three.Slice(2, 4), three.Slice(1, 4), row0, row1, row2, row3);
                break;
            case Vp8Mode.DownLeft:
                Rows(three.Slice(6, 4), three.Slice(7, 4), three.Slice(8, 4), three.Slice(9, 4), row0, row1, row2, row3);
                break;
            case Vp8Mode.VerticalRight:
                Rows(two.Slice(4, 4), three.Slice(4, 4), [three[3], two[4], two[5], two[6]], [three[2], three[4], three[5], three[6]], row0, row1, row2, row3);
                break;
            case Vp8Mode.VerticalLeft:
                Rows(two.Slice(5, 4), three.Slice(6, 4), [two[6], two[7], two[8], three[10]], [three[7], three[8], three[9], three[11]], row0, row1, row2, row3);
                break;
            case Vp8Mode.HorizontalDown:
                ReadOnlySpan<byte> down = [two[0], three[1], two[1], three[2], two[2], three[3], two[3], three[4], three[5], three[6]];
                Rows(down.Slice(6, 4), down.Slice(4, 4), down.Slice(2, 4), down[..4], row0, row1, row2, row3);
                break;
            default:
                ReadOnlySpan<byte> up = [two[2], three[2], two[1], three[1], two[0], three[0], lowest, lowest, lowest, lowest];
                Rows(up[..4], up.Slice(2, 4), up.Slice(4, 4), up.Slice(6, 4), row0, row1, row2, row3);
                break;
        }
    }

    private static void Rows(
        ReadOnlySpan<byte> from0,
        ReadOnlySpan<byte> from1,
        ReadOnlySpan<byte> from2,
        ReadOnlySpan<byte> from3,
        Span<byte> row0,
        Span<byte> row1,
        Span<byte> row2,
        Span<byte> row3)
    {
        from0.CopyTo(row0);
        from1.CopyTo(row1);
        from2.CopyTo(row2);
        from3.CopyTo(row3);
    }

    private static byte Mean(ReadOnlySpan<byte> samples, int start, int stride, int size, bool hasAbove, bool hasLeft)
    {
        if (!hasAbove && !hasLeft)
            return 128;
        int sum = 0;
        for (int i = 0; i < size; i++)
        {
            sum += hasAbove ? samples[start - stride + i] : 0;
            sum += hasLeft ? samples[start + (i * stride) - 1] : 0;
        }

        int count = hasAbove && hasLeft ? 2 * size : size;
        return (byte)((sum + (count / 2)) / count);
    }

    private static void AddGradient(Span<byte> samples, int start, int stride, int size)
    {
        short corner = samples[start - stride - 1];
        ReadOnlySpan<byte> above = samples.Slice(start - stride, size);
        for (int row = 0; row < size; row++)
        {
            int at = start + (row * stride);
            short left = (short)(samples[at - 1] - corner);
            if (size == 16)
            {
                (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(Vector128.Create(above));
                Vector128.Narrow(Shifted(low, left), Shifted(high, left)).CopyTo(samples[at..]);
                continue;
            }

            for (int column = 0; column < size; column++)
                samples[at + column] = (byte)Math.Clamp(above[column] + left, 0, 255);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> Shifted(Vector128<ushort> samples, short by)
    {
        Vector128<short> sum = samples.AsInt16() + Vector128.Create(by);
        return Vector128.Min(Vector128.Max(sum, Vector128<short>.Zero), Vector128.Create((short)255)).AsUInt16();
    }
}
