using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.MatMul;

/// <summary>
/// Dot products of one or two rows of x with four rows of the weight, or of four or eight with two, vector by vector. Eight sums are held
/// in named locals: enough independent chains to hide the latency of a multiply-add, few enough to leave registers for the operands
/// where there are sixteen; eight rows have sixteen sums and want 32 registers. After each block of <see cref="BlockSteps"/> steps
/// the sums are added to totals in memory, <c>[row of x][row of the weight]</c>, and start at zero again.
/// </summary>
internal static unsafe class DotKernels<TSimd, TVector, TElement>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TElement : struct, IWeightElement<TSimd, TVector>
{
    private const int BlockSteps = 64;
    private const int PageBytes = 4096;
    private const int PagesAhead = 2;

    private static int Step => 2 * TSimd.Count;

    /// <summary>One row of x.</summary>
    /// <param name="x">The row, in the order of <see cref="IWeightElement{TSimd,TVector}.LoadPair"/>.</param>
    /// <param name="w0">A row of the weight.</param>
    /// <param name="w1">Another.</param>
    /// <param name="w2">Another.</param>
    /// <param name="w3">Another.</param>
    /// <param name="count">The inner elements, a multiple of two vectors.</param>
    /// <param name="totals">Receives a vector for each row of the weight, whose lanes are yet to be added.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OneRow(float* x, void* w0, void* w1, void* w2, void* w3, nint count, float* totals)
    {
        Clear(totals, 4);
        for (nint start = 0; start < count; start += BlockSteps * Step)
        {
            nint end = Math.Min(count, start + (BlockSteps * Step));
            TouchAhead(w0, start, end);
            TouchAhead(w1, start, end);
            TouchAhead(w2, start, end);
            TouchAhead(w3, start, end);
            TVector a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero;
            TVector b0 = TSimd.Zero, b1 = TSimd.Zero, b2 = TSimd.Zero, b3 = TSimd.Zero;
            for (nint k = start; k < end; k += Step)
            {
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

            AddTo(totals, 0, TSimd.Add(a0, b0));
            AddTo(totals, 1, TSimd.Add(a1, b1));
            AddTo(totals, 2, TSimd.Add(a2, b2));
            AddTo(totals, 3, TSimd.Add(a3, b3));
        }
    }

    /// <summary>Two rows of x; the rest as in <see cref="OneRow"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void TwoRows(float* x, float* y, void* w0, void* w1, void* w2, void* w3, nint count, float* totals)
    {
        Clear(totals, 8);
        for (nint start = 0; start < count; start += BlockSteps * Step)
        {
            nint end = Math.Min(count, start + (BlockSteps * Step));
            TouchAhead(w0, start, end);
            TouchAhead(w1, start, end);
            TouchAhead(w2, start, end);
            TouchAhead(w3, start, end);
            TVector a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero;
            TVector b0 = TSimd.Zero, b1 = TSimd.Zero, b2 = TSimd.Zero, b3 = TSimd.Zero;
            for (nint k = start; k < end; k += Step)
            {
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

            AddTo(totals, 0, a0);
            AddTo(totals, 1, a1);
            AddTo(totals, 2, a2);
            AddTo(totals, 3, a3);
            AddTo(totals, 4, b0);
            AddTo(totals, 5, b1);
            AddTo(totals, 6, b2);
            AddTo(totals, 7, b3);
        }
    }

    /// <summary>Four rows of x with two rows of the weight; the rest as in <see cref="OneRow"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FourRows(float* x0, float* x1, float* x2, float* x3, void* w0, void* w1, nint count, float* totals)
    {
        Clear(totals, 8);
        for (nint start = 0; start < count; start += BlockSteps * Step)
        {
            nint end = Math.Min(count, start + (BlockSteps * Step));
            TouchAhead(w0, start, end);
            TouchAhead(w1, start, end);
            TVector a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero;
            TVector b0 = TSimd.Zero, b1 = TSimd.Zero, b2 = TSimd.Zero, b3 = TSimd.Zero;
            for (nint k = start; k < end; k += Step)
            {
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

            AddTo(totals, 0, a0);
            AddTo(totals, 1, b0);
            AddTo(totals, 2, a1);
            AddTo(totals, 3, b1);
            AddTo(totals, 4, a2);
            AddTo(totals, 5, b2);
            AddTo(totals, 6, a3);
            AddTo(totals, 7, b3);
        }
    }

    /// <summary>Eight rows of x with two rows of the weight; the rest as in <see cref="OneRow"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void EightRows(
        float* x0, float* x1, float* x2, float* x3, float* x4, float* x5, float* x6, float* x7,
        void* w0, void* w1, nint count, float* totals)
    {
        Clear(totals, 16);
        for (nint start = 0; start < count; start += BlockSteps * Step)
        {
            nint end = Math.Min(count, start + (BlockSteps * Step));
            TouchAhead(w0, start, end);
            TouchAhead(w1, start, end);
            TVector a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero;
            TVector a4 = TSimd.Zero, a5 = TSimd.Zero, a6 = TSimd.Zero, a7 = TSimd.Zero;
            TVector b0 = TSimd.Zero, b1 = TSimd.Zero, b2 = TSimd.Zero, b3 = TSimd.Zero;
            TVector b4 = TSimd.Zero, b5 = TSimd.Zero, b6 = TSimd.Zero, b7 = TSimd.Zero;
            for (nint k = start; k < end; k += Step)
            {
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

            AddTo(totals, 0, a0);
            AddTo(totals, 1, b0);
            AddTo(totals, 2, a1);
            AddTo(totals, 3, b1);
            AddTo(totals, 4, a2);
            AddTo(totals, 5, b2);
            AddTo(totals, 6, a3);
            AddTo(totals, 7, b3);
            AddTo(totals, 8, a4);
            AddTo(totals, 9, b4);
            AddTo(totals, 10, a5);
            AddTo(totals, 11, b5);
            AddTo(totals, 12, a6);
            AddTo(totals, 13, b6);
            AddTo(totals, 14, a7);
            AddTo(totals, 15, b7);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TouchAhead(void* row, nint start, nint end)
    {
        byte* ahead = (byte*)row + (PagesAhead * PageBytes);
        for (nint offset = start * TElement.Size; offset < end * TElement.Size; offset += PageBytes)
            TSimd.Prefetch(ahead + offset);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Clear(float* totals, int vectors)
    {
        for (int i = 0; i < vectors; i++)
            TSimd.Store(TSimd.Zero, totals + (i * TSimd.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(float* totals, int index, TVector value) =>
        TSimd.Store(TSimd.Add(TSimd.Load(totals + (index * TSimd.Count)), value), totals + (index * TSimd.Count));
}
