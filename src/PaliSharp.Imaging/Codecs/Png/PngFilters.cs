using System.Numerics;
using System.Runtime.CompilerServices;

namespace PaliSharp.Imaging.Codecs.Png;

/// <summary>The row filters of PNG.</summary>
internal static class PngFilters
{
    /// <summary>Undoes the filter of one row.</summary>
    /// <param name="type">The filter, 0 to 4.</param>
    /// <param name="filtered">The stored row.</param>
    /// <param name="above">The finished row above, of the same length; zeros for the first row.</param>
    /// <param name="row">Receives the finished row.</param>
    /// <param name="distance">The bytes of a pixel, at least 1.</param>
    /// <exception cref="ImageFormatException">There is no such filter.</exception>
    public static void Undo(int type, ReadOnlySpan<byte> filtered, ReadOnlySpan<byte> above, Span<byte> row, int distance)
    {
        above = above[..filtered.Length];
        row = row[..filtered.Length];
        switch (type)
        {
            case 0:
                filtered.CopyTo(row);
                break;
            case 1:
                UndoSub(filtered, row, distance);
                break;
            case 2:
                UndoUp(filtered, above, row);
                break;
            case 3:
                UndoAverage(filtered, above, row, distance);
                break;
            case 4:
                UndoPaeth(filtered, above, row, distance);
                break;
            default:
                throw new ImageFormatException($"The PNG file uses row filter {type}; PNG knows 0 to 4. The file is damaged.");
        }
    }

    /// <summary>Applies a filter to one row.</summary>
    public static void Apply(int type, ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, Span<byte> filtered, int distance)
    {
        above = above[..row.Length];
        filtered = filtered[..row.Length];
        for (int i = 0; i < row.Length; i++)
        {
            int left = i >= distance ? row[i - distance] : 0;
            int aboveLeft = i >= distance ? above[i - distance] : 0;
            int prediction = type switch
            {
                0 => 0,
                1 => left,
                2 => above[i],
                3 => (left + above[i]) >> 1,
                _ => Paeth(left, above[i], aboveLeft),
            };
            filtered[i] = (byte)(row[i] - prediction);
        }
    }

    private static void UndoSub(ReadOnlySpan<byte> filtered, Span<byte> row, int distance)
    {
        int head = Math.Min(distance, row.Length);
        filtered[..head].CopyTo(row);
        for (int i = head; i < row.Length; i++)
            row[i] = (byte)(filtered[i] + row[i - distance]);
    }

    private static void UndoUp(ReadOnlySpan<byte> filtered, ReadOnlySpan<byte> above, Span<byte> row)
    {
        int i = 0;
        for (; i <= row.Length - Vector<byte>.Count; i += Vector<byte>.Count)
            (new Vector<byte>(filtered[i..]) + new Vector<byte>(above[i..])).CopyTo(row[i..]);
        for (; i < row.Length; i++)
            row[i] = (byte)(filtered[i] + above[i]);
    }

    private static void UndoAverage(ReadOnlySpan<byte> filtered, ReadOnlySpan<byte> above, Span<byte> row, int distance)
    {
        int head = Math.Min(distance, row.Length);
        for (int i = 0; i < head; i++)
            row[i] = (byte)(filtered[i] + (above[i] >> 1));
        for (int i = head; i < row.Length; i++)
            row[i] = (byte)(filtered[i] + ((row[i - distance] + above[i]) >> 1));
    }

    private static void UndoPaeth(ReadOnlySpan<byte> filtered, ReadOnlySpan<byte> above, Span<byte> row, int distance)
    {
        int head = Math.Min(distance, row.Length);
        for (int i = 0; i < head; i++)
            row[i] = (byte)(filtered[i] + above[i]);
        switch (distance)
        {
            case 3:
                UndoPaeth3(filtered, above, row);
                break;
            case 4:
                UndoPaeth4(filtered, above, row);
                break;
            default:
                for (int i = head; i < row.Length; i++)
                    row[i] = (byte)(filtered[i] + Paeth(row[i - distance], above[i], above[i - distance]));
                break;
        }
    }

    // The two common pixel sizes keep the left neighbours in registers: the loop is a chain through them.
    private static void UndoPaeth3(ReadOnlySpan<byte> filtered, ReadOnlySpan<byte> above, Span<byte> row)
    {
        if (row.Length < 3)
            return;
        (int l0, int l1, int l2) = (row[0], row[1], row[2]);
        (int c0, int c1, int c2) = (above[0], above[1], above[2]);
        for (int i = 3; i + 2 < row.Length && i + 2 < filtered.Length && i + 2 < above.Length; i += 3)
        {
            (int a0, int a1, int a2) = (above[i], above[i + 1], above[i + 2]);
            l0 = (byte)(filtered[i] + Paeth(l0, a0, c0));
            l1 = (byte)(filtered[i + 1] + Paeth(l1, a1, c1));
            l2 = (byte)(filtered[i + 2] + Paeth(l2, a2, c2));
            (row[i], row[i + 1], row[i + 2]) = ((byte)l0, (byte)l1, (byte)l2);
            (c0, c1, c2) = (a0, a1, a2);
        }
    }

    private static void UndoPaeth4(ReadOnlySpan<byte> filtered, ReadOnlySpan<byte> above, Span<byte> row)
    {
        if (row.Length < 4)
            return;
        (int l0, int l1, int l2, int l3) = (row[0], row[1], row[2], row[3]);
        (int c0, int c1, int c2, int c3) = (above[0], above[1], above[2], above[3]);
        for (int i = 4; i + 3 < row.Length && i + 3 < filtered.Length && i + 3 < above.Length; i += 4)
        {
            (int a0, int a1, int a2, int a3) = (above[i], above[i + 1], above[i + 2], above[i + 3]);
            l0 = (byte)(filtered[i] + Paeth(l0, a0, c0));
            l1 = (byte)(filtered[i + 1] + Paeth(l1, a1, c1));
            l2 = (byte)(filtered[i + 2] + Paeth(l2, a2, c2));
            l3 = (byte)(filtered[i + 3] + Paeth(l3, a3, c3));
            (row[i], row[i + 1], row[i + 2], row[i + 3]) = ((byte)l0, (byte)l1, (byte)l2, (byte)l3);
            (c0, c1, c2, c3) = (a0, a1, a2, a3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Paeth(int left, int above, int aboveLeft)
    {
        int toLeft = Math.Abs(above - aboveLeft);
        int toAbove = Math.Abs(left - aboveLeft);
        int toAboveLeft = Math.Abs(left + above - (2 * aboveLeft));
        int best = toAbove <= toAboveLeft ? above : aboveLeft;
        return toLeft <= toAbove && toLeft <= toAboveLeft ? left : best;
    }
}
