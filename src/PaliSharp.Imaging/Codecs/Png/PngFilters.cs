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
    /// <param name="distance">The bytes of a pixel, 1 to 8.</param>
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
            case 2:
                UndoUp(filtered, above, row);
                break;
            case 1 or 3 or 4 when distance <= sizeof(uint):
                UndoSerial<uint>(type, filtered, above, row, distance);
                break;
            case 1 or 3 or 4:
                UndoSerial<ulong>(type, filtered, above, row, distance);
                break;
            default:
                throw new ImageFormatException($"The PNG file uses row filter {type}; PNG knows 0 to 4. The file is damaged.");
        }
    }

    /// <summary>
    /// Undoes a filter that looks at the pixel before. One pixel at a time is in a register of its own, loaded and stored as an integer of at least its
    /// size; the bytes too many are overwritten by the pixels that follow.
    /// </summary>
    /// <typeparam name="TPixel">An integer of at least the bytes of a pixel.</typeparam>
    private static void UndoSerial<TPixel>(int type, ReadOnlySpan<byte> filtered, ReadOnlySpan<byte> above, Span<byte> row, int distance)
        where TPixel : unmanaged
    {
        if (type == 1)
            UndoSub<TPixel>(filtered, row, distance);
        else if (type == 3)
            UndoAverage<TPixel>(filtered, above, row, distance);
        else
            UndoPaeth<TPixel>(filtered, above, row, distance);
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

    private static void UndoSub<TPixel>(ReadOnlySpan<byte> filtered, Span<byte> row, int distance)
        where TPixel : unmanaged
    {
        int at = Math.Min(distance, row.Length);
        filtered[..at].CopyTo(row);
        if (row.Length >= Unsafe.SizeOf<TPixel>())
        {
            Vector128<byte> left = LoadPixel<TPixel>(row);
            for (; at <= row.Length - Unsafe.SizeOf<TPixel>(); at += distance)
            {
                left += LoadPixel<TPixel>(filtered[at..]);
                StorePixel<TPixel>(left, row[at..]);
            }
        }

        for (; at < row.Length; at++)
            row[at] = (byte)(filtered[at] + row[at - distance]);
    }

    private static void UndoUp(ReadOnlySpan<byte> filtered, ReadOnlySpan<byte> above, Span<byte> row)
    {
        int i = 0;
        for (; i <= row.Length - Vector<byte>.Count; i += Vector<byte>.Count)
            (new Vector<byte>(filtered[i..]) + new Vector<byte>(above[i..])).CopyTo(row[i..]);
        for (; i < row.Length; i++)
            row[i] = (byte)(filtered[i] + above[i]);
    }

    private static void UndoAverage<TPixel>(ReadOnlySpan<byte> filtered, ReadOnlySpan<byte> above, Span<byte> row, int distance)
        where TPixel : unmanaged
    {
        int at = 0;
        for (; at < Math.Min(distance, row.Length); at++)
            row[at] = (byte)(filtered[at] + (above[at] >> 1));
        if (row.Length >= Unsafe.SizeOf<TPixel>())
        {
            Vector128<ushort> left = Vector128.WidenLower(LoadPixel<TPixel>(row));
            Vector128<ushort> low = Vector128.Create((ushort)255);
            for (; at <= row.Length - Unsafe.SizeOf<TPixel>(); at += distance)
            {
                Vector128<ushort> mean = (left + Vector128.WidenLower(LoadPixel<TPixel>(above[at..]))) >> 1;
                left = (Vector128.WidenLower(LoadPixel<TPixel>(filtered[at..])) + mean) & low;
                StorePixel<TPixel>(Vector128.Narrow(left, left), row[at..]);
            }
        }

        for (; at < row.Length; at++)
            row[at] = (byte)(filtered[at] + ((row[at - distance] + above[at]) >> 1));
    }

    private static void UndoPaeth<TPixel>(ReadOnlySpan<byte> filtered, ReadOnlySpan<byte> above, Span<byte> row, int distance)
        where TPixel : unmanaged
    {
        int at = 0;
        for (; at < Math.Min(distance, row.Length); at++)
            row[at] = (byte)(filtered[at] + above[at]);
        if (row.Length >= Unsafe.SizeOf<TPixel>())
        {
            Vector128<short> left = Vector128.WidenLower(LoadPixel<TPixel>(row)).AsInt16();
            Vector128<short> aboveLeft = Vector128.WidenLower(LoadPixel<TPixel>(above)).AsInt16();
            Vector128<short> low = Vector128.Create((short)255);
            for (; at <= row.Length - Unsafe.SizeOf<TPixel>(); at += distance)
            {
                Vector128<short> up = Vector128.WidenLower(LoadPixel<TPixel>(above[at..])).AsInt16();
                left = (Vector128.WidenLower(LoadPixel<TPixel>(filtered[at..])).AsInt16() + Paeth(left, up, aboveLeft)) & low;
                StorePixel<TPixel>(Vector128.Narrow(left.AsUInt16(), left.AsUInt16()), row[at..]);
                aboveLeft = up;
            }
        }

        for (; at < row.Length; at++)
            row[at] = (byte)(filtered[at] + Paeth(row[at - distance], above[at], above[at - distance]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> LoadPixel<TPixel>(ReadOnlySpan<byte> source)
        where TPixel : unmanaged => Vector128.CreateScalar(MemoryMarshal.Read<TPixel>(source)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StorePixel<TPixel>(Vector128<byte> pixel, Span<byte> target)
        where TPixel : unmanaged => MemoryMarshal.Write(target, pixel.As<byte, TPixel>().ToScalar());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Paeth(int left, int above, int aboveLeft)
    {
        int toLeft = Math.Abs(above - aboveLeft);
        int toAbove = Math.Abs(left - aboveLeft);
        int toAboveLeft = Math.Abs(left + above - (2 * aboveLeft));
        int best = toAbove <= toAboveLeft ? above : aboveLeft;
        return toLeft <= toAbove && toLeft <= toAboveLeft ? left : best;
    }

    /// <summary>
    /// The same, with a short way from the left pixel to the result, for which the next pixel waits. With t = 3·aboveLeft − left − above the nearest of the
    /// three to left + above − aboveLeft is the larger neighbour where t is at most the smaller one, the smaller neighbour where t is at least the larger
    /// one, and else the corner; ties fall as the order of PNG asks.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Paeth(Vector128<short> left, Vector128<short> above, Vector128<short> aboveLeft)
    {
        Vector128<short> t = (aboveLeft + aboveLeft + aboveLeft - above) - left;
        Vector128<short> smaller = Vector128.Min(left, above);
        Vector128<short> larger = Vector128.Max(left, above);
        Vector128<short> best = Vector128.ConditionalSelect(Vector128.GreaterThan(larger, t), aboveLeft, smaller);
        return Vector128.ConditionalSelect(Vector128.GreaterThan(t, smaller), best, larger);
    }
}
