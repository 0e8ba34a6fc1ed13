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

        // The edge from the lower left over the corner to the upper right: 4 left (lowest first), corner, 8 above.
        Span<int> e = stackalloc int[13];
        for (int i = 0; i < 4; i++)
        {
            e[i] = samples[start + ((3 - i) * stride) - 1];
            e[5 + i] = samples[start - stride + i];
            e[9 + i] = right[i];
        }

        e[4] = samples[start - stride - 1];
        for (int row = 0; row < 4; row++)
        {
            for (int column = 0; column < 4; column++)
                samples[start + (row * stride) + column] = (byte)Value(mode, e, row, column);
        }
    }

    private static int Value(Vp8Mode mode, ReadOnlySpan<int> e, int row, int column)
    {
        switch (mode)
        {
            case Vp8Mode.Dc:
                return (e[0] + e[1] + e[2] + e[3] + e[5] + e[6] + e[7] + e[8] + 4) >> 3;
            case Vp8Mode.Vertical:
                return Three(e, 5 + column);
            case Vp8Mode.Horizontal:
                return row == 3 ? (e[1] + (3 * e[0]) + 2) >> 2 : Three(e, 3 - row);
            case Vp8Mode.DownRight:
                return Three(e, 4 + column - row);
            case Vp8Mode.DownLeft:
                return row + column == 6 ? (e[11] + (3 * e[12]) + 2) >> 2 : Three(e, 6 + row + column);
            case Vp8Mode.VerticalRight:
                int across = (2 * column) - row;
                if (across < 0)
                    return Three(e, across == -1 ? 4 : 5 - row);
                return (across & 1) == 0 ? Two(e, 4 + (across / 2)) : Three(e, 4 + ((across + 1) / 2));
            case Vp8Mode.VerticalLeft:
                // Two positions at the lower right break the pattern.
                if (column == 3 && row >= 2)
                    return Three(e, row + 8);
                return (row & 1) == 0 ? Two(e, 5 + column + (row / 2)) : Three(e, 6 + column + (row / 2));
            case Vp8Mode.HorizontalDown:
                int down = (2 * row) - column;
                if (down < 0)
                    return Three(e, down == -1 ? 4 : 3 + column);
                return (down & 1) == 0 ? Two(e, 3 - (down / 2)) : Three(e, 4 - ((down + 1) / 2));
            default:
                int up = (2 * row) + column;
                if (up > 5)
                    return e[0];
                if (up == 5)
                    return (e[1] + (3 * e[0]) + 2) >> 2;
                return (up & 1) == 0 ? Two(e, 2 - (up / 2)) : Three(e, 2 - (up / 2));
        }
    }

    /// <summary>The weighted mean of an edge sample and its neighbours.</summary>
    private static int Three(ReadOnlySpan<int> e, int at) => (e[at - 1] + (2 * e[at]) + e[at + 1] + 2) >> 2;

    /// <summary>The mean of an edge sample and the next.</summary>
    private static int Two(ReadOnlySpan<int> e, int at) => (e[at] + e[at + 1] + 1) >> 1;

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
        int corner = samples[start - stride - 1];
        for (int row = 0; row < size; row++)
        {
            int at = start + (row * stride);
            int left = samples[at - 1] - corner;
            for (int column = 0; column < size; column++)
                samples[at + column] = (byte)Math.Clamp(samples[start - stride + column] + left, 0, 255);
        }
    }
}
