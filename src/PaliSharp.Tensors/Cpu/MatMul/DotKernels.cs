using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.MatMul;

/// <summary>
/// Dot products of one or two rows of x with four rows of the weight, or of four or eight with two, over a segment of the inner dimension,
/// vector by vector. Eight sums are held in named locals: enough independent chains to hide the latency of a multiply-add, few enough
/// to leave registers for the operands where there are sixteen; eight rows have sixteen sums and want 32 registers. The sums
/// become vectors of totals, <c>[row of x][row of the weight]</c>, which the first segment sets and the others add to.
/// </summary>
internal static unsafe class DotKernels<TSimd, TVector, TElement>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TElement : struct, IWeightElement<TSimd, TVector>
{
    private const int LineBytes = 64;
    private const int PageBytes = 4096;

    // With vectors of a line each, quantised rows leave the processor so little to do that it reads far enough ahead by itself.
    // Only the translations of addresses are then worth asking for.
    private const int WideLanes = 16;

    private static int Step => 2 * TSimd.Count;

    /// <summary>One row of x.</summary>
    /// <param name="x">The row, in the order of <see cref="IWeightElement{TSimd,TVector}.LoadPair"/>.</param>
    /// <param name="w0">A row of the weight.</param>
    /// <param name="w1">Another.</param>
    /// <param name="w2">Another.</param>
    /// <param name="w3">Another.</param>
    /// <param name="start">The first inner element of the segment.</param>
    /// <param name="end">Its end; the length is a multiple of two vectors.</param>
    /// <param name="ahead">How many bytes ahead the weight will be wanted soon.</param>
    /// <param name="totals">A vector for each row of the weight, whose lanes are yet to be added.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OneRow(float* x, void* w0, void* w1, void* w2, void* w3, nint start, nint end, nint ahead, float* totals)
    {
        TVector a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero;
        TVector b0 = TSimd.Zero, b1 = TSimd.Zero, b2 = TSimd.Zero, b3 = TSimd.Zero;
        for (nint k = start; k < end; k += Step)
        {
            Ask(w0, k, ahead);
            Ask(w1, k, ahead);
            Ask(w2, k, ahead);
            Ask(w3, k, ahead);
            TVector x0 = TSimd.Load(x + k), x1 = TSimd.Load(x + k + TSimd.Count);
            TElement.LoadPair(w0, k, out TVector u, out TVector v);
            a0 = TSimd.MultiplyAdd(u, x0, a0);
            b0 = TSimd.MultiplyAdd(v, x1, b0);
            TElement.LoadPair(w1, k, out u, out v);
            a1 = TSimd.MultiplyAdd(u, x0, a1);
            b1 = TSimd.MultiplyAdd(v, x1, b1);
            TElement.LoadPair(w2, k, out u, out v);
            a2 = TSimd.MultiplyAdd(u, x0, a2);
            b2 = TSimd.MultiplyAdd(v, x1, b2);
            TElement.LoadPair(w3, k, out u, out v);
            a3 = TSimd.MultiplyAdd(u, x0, a3);
            b3 = TSimd.MultiplyAdd(v, x1, b3);
        }

        Put(totals, 0, start == 0, TSimd.Add(a0, b0));
        Put(totals, 1, start == 0, TSimd.Add(a1, b1));
        Put(totals, 2, start == 0, TSimd.Add(a2, b2));
        Put(totals, 3, start == 0, TSimd.Add(a3, b3));
    }

    /// <summary>
    /// One row of x with a quantised weight: the sum of a block is taken with the bare quants, then scaled once. The rest as in
    /// <see cref="OneRow"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OneRowInBlocks(float* x, void* w0, void* w1, void* w2, void* w3, nint start, nint end, nint ahead, float* totals)
    {
        TVector a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero;
        if (TSimd.Count >= WideLanes)
        {
            AskPages(w0, start, end, ahead);
            AskPages(w1, start, end, ahead);
            AskPages(w2, start, end, ahead);
            AskPages(w3, start, end, ahead);
        }

        nint k = start;
        while (k < end)
        {
            if (TSimd.Count < WideLanes && TElement.ByteCount(k) % LineBytes == 0)
            {
                Ask(w0, k, ahead);
                Ask(w1, k, ahead);
                Ask(w2, k, ahead);
                Ask(w3, k, ahead);
            }

            TVector scale0 = TSimd.Broadcast(TElement.Scale(w0, k)), scale1 = TSimd.Broadcast(TElement.Scale(w1, k));
            TVector scale2 = TSimd.Broadcast(TElement.Scale(w2, k)), scale3 = TSimd.Broadcast(TElement.Scale(w3, k));
            TVector b0 = TSimd.Zero, b1 = TSimd.Zero, b2 = TSimd.Zero, b3 = TSimd.Zero;
            nint blockEnd = Math.Min((k | (TElement.Block - 1)) + 1, end);
            for (; k < blockEnd; k += Step)
            {
                TVector x0 = TSimd.Load(x + k), x1 = TSimd.Load(x + k + TSimd.Count);
                TElement.LoadQuantPair(w0, k, out TVector u, out TVector v);
                b0 = TSimd.MultiplyAdd(v, x1, TSimd.MultiplyAdd(u, x0, b0));
                TElement.LoadQuantPair(w1, k, out u, out v);
                b1 = TSimd.MultiplyAdd(v, x1, TSimd.MultiplyAdd(u, x0, b1));
                TElement.LoadQuantPair(w2, k, out u, out v);
                b2 = TSimd.MultiplyAdd(v, x1, TSimd.MultiplyAdd(u, x0, b2));
                TElement.LoadQuantPair(w3, k, out u, out v);
                b3 = TSimd.MultiplyAdd(v, x1, TSimd.MultiplyAdd(u, x0, b3));
            }

            a0 = TSimd.MultiplyAdd(b0, scale0, a0);
            a1 = TSimd.MultiplyAdd(b1, scale1, a1);
            a2 = TSimd.MultiplyAdd(b2, scale2, a2);
            a3 = TSimd.MultiplyAdd(b3, scale3, a3);
        }

        Put(totals, 0, start == 0, a0);
        Put(totals, 1, start == 0, a1);
        Put(totals, 2, start == 0, a2);
        Put(totals, 3, start == 0, a3);
    }

    /// <summary>Two rows of x; the rest as in <see cref="OneRow"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void TwoRows(float* x, float* y, void* w0, void* w1, void* w2, void* w3, nint start, nint end, nint ahead, float* totals)
    {
        TVector a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero;
        TVector b0 = TSimd.Zero, b1 = TSimd.Zero, b2 = TSimd.Zero, b3 = TSimd.Zero;
        for (nint k = start; k < end; k += Step)
        {
            Ask(w0, k, ahead);
            Ask(w1, k, ahead);
            Ask(w2, k, ahead);
            Ask(w3, k, ahead);
            TVector x0 = TSimd.Load(x + k), x1 = TSimd.Load(x + k + TSimd.Count);
            TVector y0 = TSimd.Load(y + k), y1 = TSimd.Load(y + k + TSimd.Count);
            TElement.LoadPair(w0, k, out TVector u, out TVector v);
            a0 = TSimd.MultiplyAdd(u, x0, a0);
            b0 = TSimd.MultiplyAdd(u, y0, b0);
            a0 = TSimd.MultiplyAdd(v, x1, a0);
            b0 = TSimd.MultiplyAdd(v, y1, b0);
            TElement.LoadPair(w1, k, out u, out v);
            a1 = TSimd.MultiplyAdd(u, x0, a1);
            b1 = TSimd.MultiplyAdd(u, y0, b1);
            a1 = TSimd.MultiplyAdd(v, x1, a1);
            b1 = TSimd.MultiplyAdd(v, y1, b1);
            TElement.LoadPair(w2, k, out u, out v);
            a2 = TSimd.MultiplyAdd(u, x0, a2);
            b2 = TSimd.MultiplyAdd(u, y0, b2);
            a2 = TSimd.MultiplyAdd(v, x1, a2);
            b2 = TSimd.MultiplyAdd(v, y1, b2);
            TElement.LoadPair(w3, k, out u, out v);
            a3 = TSimd.MultiplyAdd(u, x0, a3);
            b3 = TSimd.MultiplyAdd(u, y0, b3);
            a3 = TSimd.MultiplyAdd(v, x1, a3);
            b3 = TSimd.MultiplyAdd(v, y1, b3);
        }

        Put(totals, 0, start == 0, a0);
        Put(totals, 1, start == 0, a1);
        Put(totals, 2, start == 0, a2);
        Put(totals, 3, start == 0, a3);
        Put(totals, 4, start == 0, b0);
        Put(totals, 5, start == 0, b1);
        Put(totals, 6, start == 0, b2);
        Put(totals, 7, start == 0, b3);
    }

    /// <summary>Four rows of x with two rows of the weight; the rest as in <see cref="OneRow"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FourRows(
        float* x0, float* x1, float* x2, float* x3, void* w0, void* w1, nint start, nint end, nint ahead, float* totals)
    {
        TVector a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero;
        TVector b0 = TSimd.Zero, b1 = TSimd.Zero, b2 = TSimd.Zero, b3 = TSimd.Zero;
        for (nint k = start; k < end; k += Step)
        {
            Ask(w0, k, ahead);
            Ask(w1, k, ahead);
            TElement.LoadPair(w0, k, out TVector u0, out TVector v0);
            TElement.LoadPair(w1, k, out TVector u1, out TVector v1);
            TVector t = TSimd.Load(x0 + k);
            a0 = TSimd.MultiplyAdd(u0, t, a0);
            b0 = TSimd.MultiplyAdd(u1, t, b0);
            t = TSimd.Load(x0 + k + TSimd.Count);
            a0 = TSimd.MultiplyAdd(v0, t, a0);
            b0 = TSimd.MultiplyAdd(v1, t, b0);
            t = TSimd.Load(x1 + k);
            a1 = TSimd.MultiplyAdd(u0, t, a1);
            b1 = TSimd.MultiplyAdd(u1, t, b1);
            t = TSimd.Load(x1 + k + TSimd.Count);
            a1 = TSimd.MultiplyAdd(v0, t, a1);
            b1 = TSimd.MultiplyAdd(v1, t, b1);
            t = TSimd.Load(x2 + k);
            a2 = TSimd.MultiplyAdd(u0, t, a2);
            b2 = TSimd.MultiplyAdd(u1, t, b2);
            t = TSimd.Load(x2 + k + TSimd.Count);
            a2 = TSimd.MultiplyAdd(v0, t, a2);
            b2 = TSimd.MultiplyAdd(v1, t, b2);
            t = TSimd.Load(x3 + k);
            a3 = TSimd.MultiplyAdd(u0, t, a3);
            b3 = TSimd.MultiplyAdd(u1, t, b3);
            t = TSimd.Load(x3 + k + TSimd.Count);
            a3 = TSimd.MultiplyAdd(v0, t, a3);
            b3 = TSimd.MultiplyAdd(v1, t, b3);
        }

        Put(totals, 0, start == 0, a0);
        Put(totals, 1, start == 0, b0);
        Put(totals, 2, start == 0, a1);
        Put(totals, 3, start == 0, b1);
        Put(totals, 4, start == 0, a2);
        Put(totals, 5, start == 0, b2);
        Put(totals, 6, start == 0, a3);
        Put(totals, 7, start == 0, b3);
    }

    /// <summary>Eight rows of x with two rows of the weight; the rest as in <see cref="OneRow"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void EightRows(
        float* x0, float* x1, float* x2, float* x3, float* x4, float* x5, float* x6, float* x7,
        void* w0, void* w1, nint start, nint end, nint ahead, float* totals)
    {
        TVector a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero;
        TVector a4 = TSimd.Zero, a5 = TSimd.Zero, a6 = TSimd.Zero, a7 = TSimd.Zero;
        TVector b0 = TSimd.Zero, b1 = TSimd.Zero, b2 = TSimd.Zero, b3 = TSimd.Zero;
        TVector b4 = TSimd.Zero, b5 = TSimd.Zero, b6 = TSimd.Zero, b7 = TSimd.Zero;
        for (nint k = start; k < end; k += Step)
        {
            Ask(w0, k, ahead);
            Ask(w1, k, ahead);
            TElement.LoadPair(w0, k, out TVector u0, out TVector v0);
            TElement.LoadPair(w1, k, out TVector u1, out TVector v1);
            TVector t = TSimd.Load(x0 + k);
            a0 = TSimd.MultiplyAdd(u0, t, a0);
            b0 = TSimd.MultiplyAdd(u1, t, b0);
            t = TSimd.Load(x0 + k + TSimd.Count);
            a0 = TSimd.MultiplyAdd(v0, t, a0);
            b0 = TSimd.MultiplyAdd(v1, t, b0);
            t = TSimd.Load(x1 + k);
            a1 = TSimd.MultiplyAdd(u0, t, a1);
            b1 = TSimd.MultiplyAdd(u1, t, b1);
            t = TSimd.Load(x1 + k + TSimd.Count);
            a1 = TSimd.MultiplyAdd(v0, t, a1);
            b1 = TSimd.MultiplyAdd(v1, t, b1);
            t = TSimd.Load(x2 + k);
            a2 = TSimd.MultiplyAdd(u0, t, a2);
            b2 = TSimd.MultiplyAdd(u1, t, b2);
            t = TSimd.Load(x2 + k + TSimd.Count);
            a2 = TSimd.MultiplyAdd(v0, t, a2);
            b2 = TSimd.MultiplyAdd(v1, t, b2);
            t = TSimd.Load(x3 + k);
            a3 = TSimd.MultiplyAdd(u0, t, a3);
            b3 = TSimd.MultiplyAdd(u1, t, b3);
            t = TSimd.Load(x3 + k + TSimd.Count);
            a3 = TSimd.MultiplyAdd(v0, t, a3);
            b3 = TSimd.MultiplyAdd(v1, t, b3);
            t = TSimd.Load(x4 + k);
            a4 = TSimd.MultiplyAdd(u0, t, a4);
            b4 = TSimd.MultiplyAdd(u1, t, b4);
            t = TSimd.Load(x4 + k + TSimd.Count);
            a4 = TSimd.MultiplyAdd(v0, t, a4);
            b4 = TSimd.MultiplyAdd(v1, t, b4);
            t = TSimd.Load(x5 + k);
            a5 = TSimd.MultiplyAdd(u0, t, a5);
            b5 = TSimd.MultiplyAdd(u1, t, b5);
            t = TSimd.Load(x5 + k + TSimd.Count);
            a5 = TSimd.MultiplyAdd(v0, t, a5);
            b5 = TSimd.MultiplyAdd(v1, t, b5);
            t = TSimd.Load(x6 + k);
            a6 = TSimd.MultiplyAdd(u0, t, a6);
            b6 = TSimd.MultiplyAdd(u1, t, b6);
            t = TSimd.Load(x6 + k + TSimd.Count);
            a6 = TSimd.MultiplyAdd(v0, t, a6);
            b6 = TSimd.MultiplyAdd(v1, t, b6);
            t = TSimd.Load(x7 + k);
            a7 = TSimd.MultiplyAdd(u0, t, a7);
            b7 = TSimd.MultiplyAdd(u1, t, b7);
            t = TSimd.Load(x7 + k + TSimd.Count);
            a7 = TSimd.MultiplyAdd(v0, t, a7);
            b7 = TSimd.MultiplyAdd(v1, t, b7);
        }

        Put(totals, 0, start == 0, a0);
        Put(totals, 1, start == 0, b0);
        Put(totals, 2, start == 0, a1);
        Put(totals, 3, start == 0, b1);
        Put(totals, 4, start == 0, a2);
        Put(totals, 5, start == 0, b2);
        Put(totals, 6, start == 0, a3);
        Put(totals, 7, start == 0, b3);
        Put(totals, 8, start == 0, a4);
        Put(totals, 9, start == 0, b4);
        Put(totals, 10, start == 0, a5);
        Put(totals, 11, start == 0, b5);
        Put(totals, 12, start == 0, a6);
        Put(totals, 13, start == 0, b6);
        Put(totals, 14, start == 0, a7);
        Put(totals, 15, start == 0, b7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Ask(void* row, nint k, nint ahead)
    {
        byte* address = (byte*)row + TElement.ByteCount(k) + ahead;
        TSimd.Prefetch(address);
        if (TElement.ByteCount(Step) > LineBytes)
            TSimd.Prefetch(address + LineBytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AskPages(void* row, nint start, nint end, nint ahead)
    {
        byte* address = (byte*)row + ahead;
        for (nint offset = TElement.ByteCount(start); offset < TElement.ByteCount(end); offset += PageBytes)
            TSimd.Prefetch(address + offset);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* totals, int index, bool first, TVector value)
    {
        totals += index * TSimd.Count;
        TSimd.Store(first ? value : TSimd.Add(TSimd.Load(totals), value), totals);
    }
}
