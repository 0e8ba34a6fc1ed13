using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.MatMul;

/// <summary>
/// Dot products of one, two or four rows of x with four (two) rows of the weight over a block of the inner dimension, vector by vector,
/// added to vectors of totals at <c>sums[row][4]</c>. Eight sums are held in named locals: enough independent chains to hide the
/// latency of a multiply-add, few enough to leave registers for the operands where there are sixteen.
/// </summary>
internal static unsafe class DotKernels<TSimd, TVector, TElement>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TElement : struct, IWeightElement<TSimd, TVector>
{
    /// <summary>The rows of the weight that are read side by side.</summary>
    public const int Group = 4;

    // Two or three pages ahead of the hardware's streams, which stop at each page border.
    private const int PrefetchBytes = 1024;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OneRow(float* x, void* w0, void* w1, void* w2, void* w3, nint k, nint end, float* sums)
    {
        TVector a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero;
        TVector b0 = TSimd.Zero, b1 = TSimd.Zero, b2 = TSimd.Zero, b3 = TSimd.Zero;
        for (; k + (2 * TSimd.Count) <= end; k += 2 * TSimd.Count)
        {
            TSimd.Prefetch((byte*)w0 + (k * TElement.Size) + PrefetchBytes);
            TSimd.Prefetch((byte*)w1 + (k * TElement.Size) + PrefetchBytes);
            TSimd.Prefetch((byte*)w2 + (k * TElement.Size) + PrefetchBytes);
            TSimd.Prefetch((byte*)w3 + (k * TElement.Size) + PrefetchBytes);
            TVector v = TSimd.Load(x + k);
            a0 = TSimd.MultiplyAdd(TElement.Load(w0, k), v, a0);
            a1 = TSimd.MultiplyAdd(TElement.Load(w1, k), v, a1);
            a2 = TSimd.MultiplyAdd(TElement.Load(w2, k), v, a2);
            a3 = TSimd.MultiplyAdd(TElement.Load(w3, k), v, a3);
            nint next = k + TSimd.Count;
            v = TSimd.Load(x + next);
            b0 = TSimd.MultiplyAdd(TElement.Load(w0, next), v, b0);
            b1 = TSimd.MultiplyAdd(TElement.Load(w1, next), v, b1);
            b2 = TSimd.MultiplyAdd(TElement.Load(w2, next), v, b2);
            b3 = TSimd.MultiplyAdd(TElement.Load(w3, next), v, b3);
        }

        if (k < end)
        {
            TVector v = TSimd.Load(x + k);
            a0 = TSimd.MultiplyAdd(TElement.Load(w0, k), v, a0);
            a1 = TSimd.MultiplyAdd(TElement.Load(w1, k), v, a1);
            a2 = TSimd.MultiplyAdd(TElement.Load(w2, k), v, a2);
            a3 = TSimd.MultiplyAdd(TElement.Load(w3, k), v, a3);
        }

        AddTo(sums, TSimd.Add(a0, b0));
        AddTo(sums + TSimd.Count, TSimd.Add(a1, b1));
        AddTo(sums + (2 * TSimd.Count), TSimd.Add(a2, b2));
        AddTo(sums + (3 * TSimd.Count), TSimd.Add(a3, b3));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void TwoRows(float* x, float* y, void* w0, void* w1, void* w2, void* w3, nint k, nint end, float* sums)
    {
        TVector a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero;
        TVector b0 = TSimd.Zero, b1 = TSimd.Zero, b2 = TSimd.Zero, b3 = TSimd.Zero;
        for (; k < end; k += TSimd.Count)
        {
            TSimd.Prefetch((byte*)w0 + (k * TElement.Size) + PrefetchBytes);
            TSimd.Prefetch((byte*)w1 + (k * TElement.Size) + PrefetchBytes);
            TSimd.Prefetch((byte*)w2 + (k * TElement.Size) + PrefetchBytes);
            TSimd.Prefetch((byte*)w3 + (k * TElement.Size) + PrefetchBytes);
            TVector u = TSimd.Load(x + k);
            TVector v = TSimd.Load(y + k);
            TVector w = TElement.Load(w0, k);
            a0 = TSimd.MultiplyAdd(w, u, a0);
            b0 = TSimd.MultiplyAdd(w, v, b0);
            w = TElement.Load(w1, k);
            a1 = TSimd.MultiplyAdd(w, u, a1);
            b1 = TSimd.MultiplyAdd(w, v, b1);
            w = TElement.Load(w2, k);
            a2 = TSimd.MultiplyAdd(w, u, a2);
            b2 = TSimd.MultiplyAdd(w, v, b2);
            w = TElement.Load(w3, k);
            a3 = TSimd.MultiplyAdd(w, u, a3);
            b3 = TSimd.MultiplyAdd(w, v, b3);
        }

        AddTo(sums, a0);
        AddTo(sums + TSimd.Count, a1);
        AddTo(sums + (2 * TSimd.Count), a2);
        AddTo(sums + (3 * TSimd.Count), a3);
        sums += Group * TSimd.Count;
        AddTo(sums, b0);
        AddTo(sums + TSimd.Count, b1);
        AddTo(sums + (2 * TSimd.Count), b2);
        AddTo(sums + (3 * TSimd.Count), b3);
    }

    /// <summary>Four rows of x, <paramref name="stride"/> apart, with two rows of the weight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FourRows(float* x, nint stride, void* w0, void* w1, nint k, nint end, float* sums)
    {
        float* x1 = x + stride;
        float* x2 = x1 + stride;
        float* x3 = x2 + stride;
        TVector a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero;
        TVector b0 = TSimd.Zero, b1 = TSimd.Zero, b2 = TSimd.Zero, b3 = TSimd.Zero;
        for (; k < end; k += TSimd.Count)
        {
            TSimd.Prefetch((byte*)w0 + (k * TElement.Size) + PrefetchBytes);
            TSimd.Prefetch((byte*)w1 + (k * TElement.Size) + PrefetchBytes);
            TVector u = TElement.Load(w0, k);
            TVector v = TElement.Load(w1, k);
            TVector t = TSimd.Load(x + k);
            a0 = TSimd.MultiplyAdd(t, u, a0);
            b0 = TSimd.MultiplyAdd(t, v, b0);
            t = TSimd.Load(x1 + k);
            a1 = TSimd.MultiplyAdd(t, u, a1);
            b1 = TSimd.MultiplyAdd(t, v, b1);
            t = TSimd.Load(x2 + k);
            a2 = TSimd.MultiplyAdd(t, u, a2);
            b2 = TSimd.MultiplyAdd(t, v, b2);
            t = TSimd.Load(x3 + k);
            a3 = TSimd.MultiplyAdd(t, u, a3);
            b3 = TSimd.MultiplyAdd(t, v, b3);
        }

        AddTo(sums, a0);
        AddTo(sums + TSimd.Count, b0);
        AddTo(sums + (Group * TSimd.Count), a1);
        AddTo(sums + ((Group + 1) * TSimd.Count), b1);
        AddTo(sums + (2 * Group * TSimd.Count), a2);
        AddTo(sums + (((2 * Group) + 1) * TSimd.Count), b2);
        AddTo(sums + (3 * Group * TSimd.Count), a3);
        AddTo(sums + (((3 * Group) + 1) * TSimd.Count), b3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(float* total, TVector value) => TSimd.Store(TSimd.Add(TSimd.Load(total), value), total);
}
