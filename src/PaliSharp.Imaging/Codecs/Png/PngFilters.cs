using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

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
        int head = Math.Min(distance, row.Length);
        switch (type)
        {
            case 0:
                row.CopyTo(filtered);
                break;
            case 1:
                row[..head].CopyTo(filtered);
                Subtract(row[head..], row, filtered[head..]);
                break;
            case 2:
                Subtract(row, above, filtered);
                break;
            default:
                for (int i = 0; i < head; i++)
                    filtered[i] = (byte)(row[i] - (type == 3 ? above[i] >> 1 : above[i]));
                ApplyToRest(type, row, above, filtered, distance, head);
                break;
        }
    }

    private static void ApplyToRest(int type, ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, Span<byte> filtered, int distance, int start)
    {
        int i = start;
        for (; i <= row.Length - 16; i += 16)
        {
            (Vector128<ushort> left0, Vector128<ushort> left1) = Vector128.Widen(Vector128.Create(row.Slice(i - distance, 16)));
            (Vector128<ushort> up0, Vector128<ushort> up1) = Vector128.Widen(Vector128.Create(above.Slice(i, 16)));
            Vector128<ushort> first;
            Vector128<ushort> second;
            if (type == 3)
            {
                (first, second) = ((left0 + up0) >> 1, (left1 + up1) >> 1);
            }
            else
            {
                (Vector128<ushort> corner0, Vector128<ushort> corner1) = Vector128.Widen(Vector128.Create(above.Slice(i - distance, 16)));
                first = Paeth(left0.AsInt16(), up0.AsInt16(), corner0.AsInt16()).AsUInt16();
                second = Paeth(left1.AsInt16(), up1.AsInt16(), corner1.AsInt16()).AsUInt16();
            }

            (Vector128.Create(row.Slice(i, 16)) - Vector128.Narrow(first, second)).CopyTo(filtered[i..]);
        }

        for (; i < row.Length; i++)
        {
            int prediction = type == 3 ? (row[i - distance] + above[i]) >> 1 : Paeth(row[i - distance], above[i], above[i - distance]);
            filtered[i] = (byte)(row[i] - prediction);
        }
    }

    private static void Subtract(ReadOnlySpan<byte> row, ReadOnlySpan<byte> other, Span<byte> filtered)
    {
        int i = 0;
        for (; i <= row.Length - Vector<byte>.Count; i += Vector<byte>.Count)
            (new Vector<byte>(row[i..]) - new Vector<byte>(other[i..])).CopyTo(filtered[i..]);
        for (; i < row.Length; i++)
            filtered[i] = (byte)(row[i] - other[i]);
    }

    private static void UndoSub(ReadOnlySpan<byte> filtered, Span<byte> row, int distance)
    {
        int head = Math.Min(distance, row.Length);
        filtered[..head].CopyTo(row);
        int i = head;
        if (distance is 3 or 4 && row.Length >= 4)
        {
            // One pixel at a time in a register; of three bytes, the fourth is overwritten by the next pixel.
            Vector128<byte> left = LoadPixel(row).AsByte();
            for (; i <= row.Length - 4; i += distance)
            {
                left += LoadPixel(filtered[i..]).AsByte();
                StorePixel(left.AsUInt32(), row[i..]);
            }
        }

        for (; i < row.Length; i++)
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
        int at = head;
        if (distance is 3 or 4 && row.Length >= 4)
        {
            Vector128<ushort> left = Widen(LoadPixel(row));
            Vector128<ushort> low = Vector128.Create((ushort)255);
            for (; at <= row.Length - 4; at += distance)
            {
                left = (Widen(LoadPixel(filtered[at..])) + ((left + Widen(LoadPixel(above[at..]))) >> 1)) & low;
                StorePixel(Vector128.Narrow(left, left).AsUInt32(), row[at..]);
            }
        }

        for (; at < row.Length; at++)
            row[at] = (byte)(filtered[at] + ((row[at - distance] + above[at]) >> 1));
    }

    private static void UndoPaeth(ReadOnlySpan<byte> filtered, ReadOnlySpan<byte> above, Span<byte> row, int distance)
    {
        int head = Math.Min(distance, row.Length);
        for (int i = 0; i < head; i++)
            row[i] = (byte)(filtered[i] + above[i]);
        int at = head;
        if (distance is 3 or 4 && row.Length >= 4)
        {
            Vector128<short> left = Widen(LoadPixel(row)).AsInt16();
            Vector128<short> aboveLeft = Widen(LoadPixel(above)).AsInt16();
            Vector128<short> low = Vector128.Create((short)255);
            for (; at <= row.Length - 4; at += distance)
            {
                Vector128<short> up = Widen(LoadPixel(above[at..])).AsInt16();
                left = (Widen(LoadPixel(filtered[at..])).AsInt16() + Paeth(left, up, aboveLeft)) & low;
                StorePixel(Vector128.Narrow(left.AsUInt16(), left.AsUInt16()).AsUInt32(), row[at..]);
                aboveLeft = up;
            }
        }

        for (; at < row.Length; at++)
            row[at] = (byte)(filtered[at] + Paeth(row[at - distance], above[at], above[at - distance]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> LoadPixel(ReadOnlySpan<byte> source) => Vector128.CreateScalar(MemoryMarshal.Read<uint>(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> Widen(Vector128<uint> pixel) => Vector128.WidenLower(pixel.AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StorePixel(Vector128<uint> pixel, Span<byte> target) => MemoryMarshal.Write(target, pixel.ToScalar());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Paeth(int left, int above, int aboveLeft)
    {
        int toLeft = Math.Abs(above - aboveLeft);
        int toAbove = Math.Abs(left - aboveLeft);
        int toAboveLeft = Math.Abs(left + above - (2 * aboveLeft));
        int best = toAbove <= toAboveLeft ? above : aboveLeft;
        return toLeft <= toAbove && toLeft <= toAboveLeft ? left : best;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Paeth(Vector128<short> left, Vector128<short> above, Vector128<short> aboveLeft)
    {
        Vector128<short> across = above - aboveLeft;
        Vector128<short> down = left - aboveLeft;
        Vector128<short> toAboveLeft = Vector128.Abs(across + down);
        Vector128<short> toLeft = Vector128.Abs(across);
        Vector128<short> toAbove = Vector128.Abs(down);
        Vector128<short> least = Vector128.Min(toAboveLeft, Vector128.Min(toLeft, toAbove));
        Vector128<short> best = Vector128.ConditionalSelect(Vector128.Equals(toAbove, least), above, aboveLeft);
        return Vector128.ConditionalSelect(Vector128.Equals(toLeft, least), left, best);
    }
}
