using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using PaliSharp.Imaging.Simd;

namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>Smooths the edges of macroblocks and blocks, in the order of macroblocks. Sixteen positions along an edge are done at once.</summary>
internal static class Vp8LoopFilter
{
    /// <summary>Filters the edges of one macroblock.</summary>
    public static void Apply(Vp8Plane[] planes, bool simple, int column, int row, in Vp8FilterStrength strength, bool inner)
    {
        if (strength.Limit == 0)
            return;
        Vp8Plane luma = planes[0];
        int at = luma.At(column * 16, row * 16);
        var kernel = new Vp8FilterKernel(strength, simple);
        if (column > 0)
            FilterVerticalEdge(luma, at, luma, at + (8 * luma.Stride), kernel, outer: true);
        for (int offset = 4; inner && offset < 16; offset += 4)
            FilterVerticalEdge(luma, at + offset, luma, at + offset + (8 * luma.Stride), kernel, outer: false);
        if (row > 0)
            FilterHorizontalEdge(luma, at, luma, at + 8, kernel, outer: true);
        for (int offset = 4; inner && offset < 16; offset += 4)
            FilterHorizontalEdge(luma, at + (offset * luma.Stride), luma, at + (offset * luma.Stride) + 8, kernel, outer: false);
        if (simple)
            return;

        // Both planes of chroma together.
        (Vp8Plane blue, Vp8Plane red) = (planes[1], planes[2]);
        at = blue.At(column * 8, row * 8);
        if (column > 0)
            FilterVerticalEdge(blue, at, red, at, kernel, outer: true);
        if (inner)
            FilterVerticalEdge(blue, at + 4, red, at + 4, kernel, outer: false);
        if (row > 0)
            FilterHorizontalEdge(blue, at, red, at, kernel, outer: true);
        if (inner)
            FilterHorizontalEdge(blue, at + (4 * blue.Stride), red, at + (4 * blue.Stride), kernel, outer: false);
    }

    /// <summary>Filters the rows above and below an edge: eight columns of one place and eight of another.</summary>
    private static void FilterHorizontalEdge(Vp8Plane first, int firstAt, Vp8Plane second, int secondAt, in Vp8FilterKernel kernel, bool outer)
    {
        int stride = first.Stride;
        ReadOnlySpan<byte> a = first.Samples.AsSpan(firstAt - (4 * stride));
        ReadOnlySpan<byte> b = second.Samples.AsSpan(secondAt - (4 * stride));
        Vp8EdgeSamples s;
        s.P3 = Load(a, b);
        s.P2 = Load(a[stride..], b[stride..]);
        s.P1 = Load(a[(2 * stride)..], b[(2 * stride)..]);
        s.P0 = Load(a[(3 * stride)..], b[(3 * stride)..]);
        s.Q0 = Load(a[(4 * stride)..], b[(4 * stride)..]);
        s.Q1 = Load(a[(5 * stride)..], b[(5 * stride)..]);
        s.Q2 = Load(a[(6 * stride)..], b[(6 * stride)..]);
        s.Q3 = Load(a[(7 * stride)..], b[(7 * stride)..]);
        if (!kernel.Apply(ref s, outer))
            return;
        Span<byte> c = first.Samples.AsSpan(firstAt - (4 * stride));
        Span<byte> d = second.Samples.AsSpan(secondAt - (4 * stride));
        Store(s.P2, c[stride..], d[stride..]);
        Store(s.P1, c[(2 * stride)..], d[(2 * stride)..]);
        Store(s.P0, c[(3 * stride)..], d[(3 * stride)..]);
        Store(s.Q0, c[(4 * stride)..], d[(4 * stride)..]);
        Store(s.Q1, c[(5 * stride)..], d[(5 * stride)..]);
        Store(s.Q2, c[(6 * stride)..], d[(6 * stride)..]);
    }

    /// <summary>Filters the columns left and right of an edge: eight rows of one place and eight of another.</summary>
    private static void FilterVerticalEdge(Vp8Plane first, int firstAt, Vp8Plane second, int secondAt, in Vp8FilterKernel kernel, bool outer)
    {
        int stride = first.Stride;
        Span<byte> a = first.Samples.AsSpan(firstAt - 4);
        Span<byte> b = second.Samples.AsSpan(secondAt - 4);
        Vp8EdgeSamples s;
        TransposeIn(a, b, stride, out s);
        if (!kernel.Apply(ref s, outer))
            return;
        TransposeOut(ref s, a, b, stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeIn(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, int stride, out Vp8EdgeSamples s)
    {
        // Rows i of both places, interleaved; four rounds of interleaving transpose.
        Vector128<byte> r0 = Interleaving.Low(Half(a), Half(b));
        Vector128<byte> r1 = Interleaving.Low(Half(a[stride..]), Half(b[stride..]));
        Vector128<byte> r2 = Interleaving.Low(Half(a[(2 * stride)..]), Half(b[(2 * stride)..]));
        Vector128<byte> r3 = Interleaving.Low(Half(a[(3 * stride)..]), Half(b[(3 * stride)..]));
        Vector128<byte> r4 = Interleaving.Low(Half(a[(4 * stride)..]), Half(b[(4 * stride)..]));
        Vector128<byte> r5 = Interleaving.Low(Half(a[(5 * stride)..]), Half(b[(5 * stride)..]));
        Vector128<byte> r6 = Interleaving.Low(Half(a[(6 * stride)..]), Half(b[(6 * stride)..]));
        Vector128<byte> r7 = Interleaving.Low(Half(a[(7 * stride)..]), Half(b[(7 * stride)..]));
        Vector128<byte> low04 = Interleaving.Low(r0, r4);
        Vector128<byte> high04 = Interleaving.High(r0, r4);
        Vector128<byte> low15 = Interleaving.Low(r1, r5);
        Vector128<byte> high15 = Interleaving.High(r1, r5);
        Vector128<byte> low26 = Interleaving.Low(r2, r6);
        Vector128<byte> high26 = Interleaving.High(r2, r6);
        Vector128<byte> low37 = Interleaving.Low(r3, r7);
        Vector128<byte> high37 = Interleaving.High(r3, r7);
        Columns(low04, low15, low26, low37, out s.P3, out s.P2, out s.P1, out s.P0);
        Columns(high04, high15, high26, high37, out s.Q0, out s.Q1, out s.Q2, out s.Q3);
    }

    /// <summary>Four columns from four vectors that hold a quarter of the rows each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Columns(
        Vector128<byte> r04,
        Vector128<byte> r15,
        Vector128<byte> r26,
        Vector128<byte> r37,
        out Vector128<byte> c0,
        out Vector128<byte> c1,
        out Vector128<byte> c2,
        out Vector128<byte> c3)
    {
        Vector128<byte> evenLow = Interleaving.Low(r04, r26);
        Vector128<byte> evenHigh = Interleaving.High(r04, r26);
        Vector128<byte> oddLow = Interleaving.Low(r15, r37);
        Vector128<byte> oddHigh = Interleaving.High(r15, r37);
        c0 = Interleaving.Low(evenLow, oddLow);
        c1 = Interleaving.High(evenLow, oddLow);
        c2 = Interleaving.Low(evenHigh, oddHigh);
        c3 = Interleaving.High(evenHigh, oddHigh);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeOut(ref Vp8EdgeSamples s, Span<byte> a, Span<byte> b, int stride)
    {
        StoreRows(
            Interleaving.Low(s.P3, s.Q0), Interleaving.Low(s.P2, s.Q1), Interleaving.Low(s.P1, s.Q2), Interleaving.Low(s.P0, s.Q3), a, stride);
        StoreRows(
            Interleaving.High(s.P3, s.Q0), Interleaving.High(s.P2, s.Q1), Interleaving.High(s.P1, s.Q2), Interleaving.High(s.P0, s.Q3), b, stride);
    }

    /// <summary>Stores eight rows of the columns 0 and 4, 1 and 5, 2 and 6, 3 and 7, which come interleaved.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreRows(Vector128<byte> c04, Vector128<byte> c15, Vector128<byte> c26, Vector128<byte> c37, Span<byte> target, int stride)
    {
        Vector128<byte> evenLow = Interleaving.Low(c04, c26);
        Vector128<byte> evenHigh = Interleaving.High(c04, c26);
        Vector128<byte> oddLow = Interleaving.Low(c15, c37);
        Vector128<byte> oddHigh = Interleaving.High(c15, c37);
        Store(Interleaving.Low(evenLow, oddLow), target, target[stride..]);
        Store(Interleaving.High(evenLow, oddLow), target[(2 * stride)..], target[(3 * stride)..]);
        Store(Interleaving.Low(evenHigh, oddHigh), target[(4 * stride)..], target[(5 * stride)..]);
        Store(Interleaving.High(evenHigh, oddHigh), target[(6 * stride)..], target[(7 * stride)..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Half(ReadOnlySpan<byte> source) => Vector128.CreateScalar(BinaryPrimitives.ReadUInt64LittleEndian(source)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Load(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b) =>
        Vector128.Create(BinaryPrimitives.ReadUInt64LittleEndian(a), BinaryPrimitives.ReadUInt64LittleEndian(b)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector128<byte> samples, Span<byte> a, Span<byte> b)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(a, samples.AsUInt64()[0]);
        BinaryPrimitives.WriteUInt64LittleEndian(b, samples.AsUInt64()[1]);
    }
}
