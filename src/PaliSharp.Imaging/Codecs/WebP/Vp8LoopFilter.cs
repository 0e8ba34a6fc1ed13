namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>Smooths the edges of macroblocks and blocks, in the order of macroblocks.</summary>
internal static class Vp8LoopFilter
{
    /// <summary>Filters the edges of one macroblock.</summary>
    public static void Apply(Vp8Plane[] planes, bool simple, int column, int row, in Vp8FilterStrength strength, bool inner)
    {
        if (strength.Limit == 0)
            return;
        int planeCount = simple ? 1 : 3;
        for (int i = 0; i < planeCount; i++)
        {
            if (column > 0)
                FilterVerticalEdge(planes[i], i, column, row, 0, simple, strength, strength.Limit + 4);
        }

        for (int i = 0; inner && i < planeCount; i++)
        {
            for (int offset = 4; offset < (i == 0 ? 16 : 8); offset += 4)
                FilterVerticalEdge(planes[i], i, column, row, offset, simple, strength, strength.Limit);
        }

        for (int i = 0; i < planeCount; i++)
        {
            if (row > 0)
                FilterHorizontalEdge(planes[i], i, column, row, 0, simple, strength, strength.Limit + 4);
        }

        for (int i = 0; inner && i < planeCount; i++)
        {
            for (int offset = 4; offset < (i == 0 ? 16 : 8); offset += 4)
                FilterHorizontalEdge(planes[i], i, column, row, offset, simple, strength, strength.Limit);
        }
    }

    private static void FilterVerticalEdge(
        Vp8Plane plane, int index, int column, int row, int offset, bool simple, in Vp8FilterStrength strength, int limit)
    {
        int size = index == 0 ? 16 : 8;
        int start = plane.At((column * size) + offset, row * size);
        FilterEdge(plane.Samples, start, 1, plane.Stride, size, offset == 0, simple, strength, (2 * limit) + 1);
    }

    private static void FilterHorizontalEdge(
        Vp8Plane plane, int index, int column, int row, int offset, bool simple, in Vp8FilterStrength strength, int limit)
    {
        int size = index == 0 ? 16 : 8;
        int start = plane.At(column * size, (row * size) + offset);
        FilterEdge(plane.Samples, start, plane.Stride, 1, size, offset == 0, simple, strength, (2 * limit) + 1);
    }

    /// <summary>Filters across an edge: the step leads over it, the other along it.</summary>
    private static void FilterEdge(
        Span<byte> s, int start, int across, int along, int count, bool outer, bool simple, in Vp8FilterStrength strength, int limit)
    {
        for (int i = 0, p = start; i < count; i++, p += along)
        {
            int p1 = s[p - (2 * across)];
            int p0 = s[p - across];
            int q0 = s[p];
            int q1 = s[p + across];
            if ((4 * Math.Abs(p0 - q0)) + Math.Abs(p1 - q1) > limit)
                continue;
            if (simple)
            {
                FilterTwo(s, p, across, p1, p0, q0, q1);
                continue;
            }

            int p2 = s[p - (3 * across)];
            int q2 = s[p + (2 * across)];
            int inner = strength.InnerLimit;
            bool smooth = Math.Abs(s[p - (4 * across)] - p2) <= inner && Math.Abs(p2 - p1) <= inner && Math.Abs(p1 - p0) <= inner
                && Math.Abs(s[p + (3 * across)] - q2) <= inner && Math.Abs(q2 - q1) <= inner && Math.Abs(q1 - q0) <= inner;
            if (!smooth)
                continue;
            if (Math.Abs(p1 - p0) > strength.HighVariance || Math.Abs(q1 - q0) > strength.HighVariance)
            {
                FilterTwo(s, p, across, p1, p0, q0, q1);
            }
            else if (outer)
            {
                int a = Clamp8((3 * (q0 - p0)) + Clamp8(p1 - q1));
                int a1 = ((27 * a) + 63) >> 7;
                int a2 = ((18 * a) + 63) >> 7;
                int a3 = ((9 * a) + 63) >> 7;
                s[p - (3 * across)] = Clamp(p2 + a3);
                s[p - (2 * across)] = Clamp(p1 + a2);
                s[p - across] = Clamp(p0 + a1);
                s[p] = Clamp(q0 - a1);
                s[p + across] = Clamp(q1 - a2);
                s[p + (2 * across)] = Clamp(q2 - a3);
            }
            else
            {
                int a = 3 * (q0 - p0);
                int a1 = Clamp4((a + 4) >> 3);
                int a2 = Clamp4((a + 3) >> 3);
                int a3 = (a1 + 1) >> 1;
                s[p - (2 * across)] = Clamp(p1 + a3);
                s[p - across] = Clamp(p0 + a2);
                s[p] = Clamp(q0 - a1);
                s[p + across] = Clamp(q1 - a3);
            }
        }
    }

    private static void FilterTwo(Span<byte> s, int p, int across, int p1, int p0, int q0, int q1)
    {
        int a = (3 * (q0 - p0)) + Clamp8(p1 - q1);
        s[p - across] = Clamp(p0 + Clamp4((a + 3) >> 3));
        s[p] = Clamp(q0 - Clamp4((a + 4) >> 3));
    }

    private static int Clamp8(int value) => Math.Clamp(value, -128, 127);

    private static int Clamp4(int value) => Math.Clamp(value, -16, 15);

    private static byte Clamp(int value) => (byte)Math.Clamp(value, 0, 255);
}
