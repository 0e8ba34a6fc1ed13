using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>
/// C[6, width] = A[6, depth]·B[depth, width], or C += …, for a width of one or two vectors, held in registers: the products of attention.
/// B is packed: its rows follow one another, each of exactly that width.
/// </summary>
internal static unsafe class ProductTile<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    /// <summary>The rows of a tile. With two vectors, twelve sums, two operands and one factor fit sixteen registers.</summary>
    public const int Rows = 6;

    /// <summary>The tile two vectors wide.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void TwoVectors(float* a, long strideA, float* b, int depth, float* c, long strideC, bool accumulate)
    {
        TVector c00 = TSimd.Zero, c01 = TSimd.Zero, c10 = TSimd.Zero, c11 = TSimd.Zero, c20 = TSimd.Zero, c21 = TSimd.Zero;
        TVector c30 = TSimd.Zero, c31 = TSimd.Zero, c40 = TSimd.Zero, c41 = TSimd.Zero, c50 = TSimd.Zero, c51 = TSimd.Zero;
        float* a0 = a;
        float* a1 = a + strideA;
        float* a2 = a1 + strideA;
        float* a3 = a2 + strideA;
        float* a4 = a3 + strideA;
        float* a5 = a4 + strideA;
        for (long k = 0; k < depth; k++)
        {
            TVector b0 = TSimd.Load(b);
            TVector b1 = TSimd.Load(b + TSimd.Count);
            b += 2 * TSimd.Count;
            TVector factor = TSimd.Broadcast(a0[k]);
            c00 = TSimd.MultiplyAdd(factor, b0, c00);
            c01 = TSimd.MultiplyAdd(factor, b1, c01);
            factor = TSimd.Broadcast(a1[k]);
            c10 = TSimd.MultiplyAdd(factor, b0, c10);
            c11 = TSimd.MultiplyAdd(factor, b1, c11);
            factor = TSimd.Broadcast(a2[k]);
            c20 = TSimd.MultiplyAdd(factor, b0, c20);
            c21 = TSimd.MultiplyAdd(factor, b1, c21);
            factor = TSimd.Broadcast(a3[k]);
            c30 = TSimd.MultiplyAdd(factor, b0, c30);
            c31 = TSimd.MultiplyAdd(factor, b1, c31);
            factor = TSimd.Broadcast(a4[k]);
            c40 = TSimd.MultiplyAdd(factor, b0, c40);
            c41 = TSimd.MultiplyAdd(factor, b1, c41);
            factor = TSimd.Broadcast(a5[k]);
            c50 = TSimd.MultiplyAdd(factor, b0, c50);
            c51 = TSimd.MultiplyAdd(factor, b1, c51);
        }

        Write(c00, c01, c, accumulate);
        Write(c10, c11, c + strideC, accumulate);
        Write(c20, c21, c + (2 * strideC), accumulate);
        Write(c30, c31, c + (3 * strideC), accumulate);
        Write(c40, c41, c + (4 * strideC), accumulate);
        Write(c50, c51, c + (5 * strideC), accumulate);
    }

    /// <summary>The tile one vector wide.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OneVector(float* a, long strideA, float* b, int depth, float* c, long strideC, bool accumulate)
    {
        TVector c0 = TSimd.Zero, c1 = TSimd.Zero, c2 = TSimd.Zero, c3 = TSimd.Zero, c4 = TSimd.Zero, c5 = TSimd.Zero;
        float* a0 = a;
        float* a1 = a + strideA;
        float* a2 = a1 + strideA;
        float* a3 = a2 + strideA;
        float* a4 = a3 + strideA;
        float* a5 = a4 + strideA;
        for (long k = 0; k < depth; k++)
        {
            TVector b0 = TSimd.Load(b);
            b += TSimd.Count;
            c0 = TSimd.MultiplyAdd(TSimd.Broadcast(a0[k]), b0, c0);
            c1 = TSimd.MultiplyAdd(TSimd.Broadcast(a1[k]), b0, c1);
            c2 = TSimd.MultiplyAdd(TSimd.Broadcast(a2[k]), b0, c2);
            c3 = TSimd.MultiplyAdd(TSimd.Broadcast(a3[k]), b0, c3);
            c4 = TSimd.MultiplyAdd(TSimd.Broadcast(a4[k]), b0, c4);
            c5 = TSimd.MultiplyAdd(TSimd.Broadcast(a5[k]), b0, c5);
        }

        Write(c0, c, accumulate);
        Write(c1, c + strideC, accumulate);
        Write(c2, c + (2 * strideC), accumulate);
        Write(c3, c + (3 * strideC), accumulate);
        Write(c4, c + (4 * strideC), accumulate);
        Write(c5, c + (5 * strideC), accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(TVector left, TVector right, float* c, bool accumulate)
    {
        Write(left, c, accumulate);
        Write(right, c + TSimd.Count, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(TVector value, float* c, bool accumulate) =>
        TSimd.Store(accumulate ? TSimd.Add(TSimd.Load(c), value) : value, c);
}
