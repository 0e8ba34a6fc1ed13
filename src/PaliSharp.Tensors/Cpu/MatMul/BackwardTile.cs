using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.MatMul;

/// <summary>The rows of a register tile, known when it is compiled.</summary>
internal interface ITileRows
{
    /// <summary>An even number up to 12.</summary>
    static abstract int Count { get; }
}

/// <summary>How a strip of A, as many rows as a tile has, lies in the L1 cache.</summary>
internal interface IStripOrder
{
    /// <summary>The distance of two rows of so many of a tile.</summary>
    static abstract nint RowStride(int rows);

    /// <summary>The distance of two inner elements.</summary>
    static abstract nint Step(int rows);
}

internal readonly struct TwelveRows : ITileRows
{
    public static int Count => 12;
}

internal readonly struct EightRows : ITileRows
{
    public static int Count => 8;
}

internal readonly struct SixRows : ITileRows
{
    public static int Count => 6;
}

internal readonly struct FourRows : ITileRows
{
    public static int Count => 4;
}

internal readonly struct TwoRows : ITileRows
{
    public static int Count => 2;
}

/// <summary>Row by row, rows <see cref="Depth"/> apart.</summary>
internal readonly struct RowByRow : IStripOrder
{
    /// <summary>The most inner elements of a strip. Twelve rows take 12 KiB.</summary>
    public const int Depth = 256;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint RowStride(int rows) => Depth;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Step(int rows) => 1;
}

/// <summary>One inner element of all rows after the other.</summary>
internal readonly struct ElementByElement : IStripOrder
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint RowStride(int rows) => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Step(int rows) => rows;
}

/// <summary>
/// What tiles ask for while they compute, a few lines every <see cref="Steps"/> inner elements (all at once they take the slots for misses): the
/// rows of C they will add to, and what is copied to panels next, which comes from the L3 cache or from memory.
/// </summary>
/// <param name="right">Pairs of lines of the next block of B.</param>
/// <param name="rightStep">The distance of two pairs; 0 if there is nothing to ask for, with any address that is at hand.</param>
/// <param name="left">Lines of the next strip of A.</param>
/// <param name="leftStep">The distance of two lines, or 0.</param>
internal readonly unsafe ref struct BackwardAhead(byte* right, nint rightStep, byte* left, nint leftStep)
{
    /// <summary>The inner elements after which a tile asks again.</summary>
    public const int Steps = 8;

    public readonly byte* Right = right;
    public readonly nint RightStep = rightStep;
    public readonly byte* Left = left;
    public readonly nint LeftStep = leftStep;
}

/// <summary>
/// The register tiles of <see cref="BackwardProduct{TSimd,TVector,TElement}"/>: C[row, column] = or += Σ A[row, k]·B[k, column] for one or two
/// vectors of columns. Sums are named locals, which the JIT keeps in registers; those of rows a tile does not have are left out when it is compiled.
/// </summary>
internal static unsafe class BackwardTile<TSimd, TVector, TRows, TOrder>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TRows : struct, ITileRows
    where TOrder : struct, IStripOrder
{
    private const int StepsPerAhead = BackwardAhead.Steps;

    /// <summary>A tile of two vectors of columns.</summary>
    /// <param name="a">The strip of A.</param>
    /// <param name="b">The panel of B, <c>[depth, 2 vectors]</c>.</param>
    /// <param name="depth">The inner elements, at least 1.</param>
    /// <param name="c">The first element of C.</param>
    /// <param name="stride">The distance of two rows of C.</param>
    /// <param name="accumulate">True to add to C.</param>
    /// <param name="ahead">What is read next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void TwoVectors(float* a, float* b, int depth, float* c, nint stride, bool accumulate, in BackwardAhead ahead)
    {
        TVector a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero, a4 = TSimd.Zero, a5 = TSimd.Zero;
        TVector a6 = TSimd.Zero, a7 = TSimd.Zero, a8 = TSimd.Zero, a9 = TSimd.Zero, a10 = TSimd.Zero, a11 = TSimd.Zero;
        TVector b0 = TSimd.Zero, b1 = TSimd.Zero, b2 = TSimd.Zero, b3 = TSimd.Zero, b4 = TSimd.Zero, b5 = TSimd.Zero;
        TVector b6 = TSimd.Zero, b7 = TSimd.Zero, b8 = TSimd.Zero, b9 = TSimd.Zero, b10 = TSimd.Zero, b11 = TSimd.Zero;
        nint rowStride = TOrder.RowStride(TRows.Count);
        nint step = TOrder.Step(TRows.Count);
        float* row = c;
        float* lastRow = c + ((TRows.Count - 1) * stride);
        float* end = b + ((nint)depth * 2 * TSimd.Count);
        byte* right = ahead.Right, left = ahead.Left;
        nint rightStep = ahead.RightStep, leftStep = ahead.LeftStep;
        while (b < end)
        {
            TSimd.Prefetch(right);
            TSimd.Prefetch(right + TileAhead.LineBytes);
            TSimd.Prefetch(left);
            TSimd.Prefetch(left + leftStep);
            right += rightStep;
            left += 2 * leftStep;
            if (row <= lastRow)
            {
                TSimd.Prefetch(row);
                TSimd.Prefetch(row + (2 * TSimd.Count) - 1);
                row += stride;
            }

            float* pause = b + Math.Min(StepsPerAhead * 2 * TSimd.Count, end - b);
            for (; b < pause; b += 2 * TSimd.Count, a += step)
            {
                TVector u = TSimd.Load(b);
                TVector v = TSimd.Load(b + TSimd.Count);
                TVector t = TSimd.Broadcast(a[0]);
                a0 = TSimd.MultiplyAdd(t, u, a0);
                b0 = TSimd.MultiplyAdd(t, v, b0);
                t = TSimd.Broadcast(a[rowStride]);
                a1 = TSimd.MultiplyAdd(t, u, a1);
                b1 = TSimd.MultiplyAdd(t, v, b1);
                if (TRows.Count > 2)
                {
                    t = TSimd.Broadcast(a[2 * rowStride]);
                    a2 = TSimd.MultiplyAdd(t, u, a2);
                    b2 = TSimd.MultiplyAdd(t, v, b2);
                    t = TSimd.Broadcast(a[3 * rowStride]);
                    a3 = TSimd.MultiplyAdd(t, u, a3);
                    b3 = TSimd.MultiplyAdd(t, v, b3);
                }

                if (TRows.Count > 4)
                {
                    t = TSimd.Broadcast(a[4 * rowStride]);
                    a4 = TSimd.MultiplyAdd(t, u, a4);
                    b4 = TSimd.MultiplyAdd(t, v, b4);
                    t = TSimd.Broadcast(a[5 * rowStride]);
                    a5 = TSimd.MultiplyAdd(t, u, a5);
                    b5 = TSimd.MultiplyAdd(t, v, b5);
                }

                if (TRows.Count > 6)
                {
                    t = TSimd.Broadcast(a[6 * rowStride]);
                    a6 = TSimd.MultiplyAdd(t, u, a6);
                    b6 = TSimd.MultiplyAdd(t, v, b6);
                    t = TSimd.Broadcast(a[7 * rowStride]);
                    a7 = TSimd.MultiplyAdd(t, u, a7);
                    b7 = TSimd.MultiplyAdd(t, v, b7);
                }

                if (TRows.Count > 8)
                {
                    t = TSimd.Broadcast(a[8 * rowStride]);
                    a8 = TSimd.MultiplyAdd(t, u, a8);
                    b8 = TSimd.MultiplyAdd(t, v, b8);
                    t = TSimd.Broadcast(a[9 * rowStride]);
                    a9 = TSimd.MultiplyAdd(t, u, a9);
                    b9 = TSimd.MultiplyAdd(t, v, b9);
                    t = TSimd.Broadcast(a[10 * rowStride]);
                    a10 = TSimd.MultiplyAdd(t, u, a10);
                    b10 = TSimd.MultiplyAdd(t, v, b10);
                    t = TSimd.Broadcast(a[11 * rowStride]);
                    a11 = TSimd.MultiplyAdd(t, u, a11);
                    b11 = TSimd.MultiplyAdd(t, v, b11);
                }
            }
        }

        Store(a0, b0, c, accumulate);
        Store(a1, b1, c + stride, accumulate);
        if (TRows.Count > 2)
        {
            Store(a2, b2, c + (2 * stride), accumulate);
            Store(a3, b3, c + (3 * stride), accumulate);
        }

        if (TRows.Count > 4)
        {
            Store(a4, b4, c + (4 * stride), accumulate);
            Store(a5, b5, c + (5 * stride), accumulate);
        }

        if (TRows.Count > 6)
        {
            Store(a6, b6, c + (6 * stride), accumulate);
            Store(a7, b7, c + (7 * stride), accumulate);
        }

        if (TRows.Count > 8)
        {
            Store(a8, b8, c + (8 * stride), accumulate);
            Store(a9, b9, c + (9 * stride), accumulate);
            Store(a10, b10, c + (10 * stride), accumulate);
            Store(a11, b11, c + (11 * stride), accumulate);
        }
    }

    /// <summary>A tile of one vector of columns: <paramref name="b"/> is <c>[depth, 1 vector]</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OneVector(float* a, float* b, int depth, float* c, nint stride, bool accumulate)
    {
        TVector a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero, a4 = TSimd.Zero, a5 = TSimd.Zero;
        TVector a6 = TSimd.Zero, a7 = TSimd.Zero, a8 = TSimd.Zero, a9 = TSimd.Zero, a10 = TSimd.Zero, a11 = TSimd.Zero;
        nint rowStride = TOrder.RowStride(TRows.Count);
        nint step = TOrder.Step(TRows.Count);
        float* end = b + ((nint)depth * TSimd.Count);
        for (; b < end; b += TSimd.Count, a += step)
        {
            TVector u = TSimd.Load(b);
            a0 = TSimd.MultiplyAdd(TSimd.Broadcast(a[0]), u, a0);
            a1 = TSimd.MultiplyAdd(TSimd.Broadcast(a[rowStride]), u, a1);
            if (TRows.Count > 2)
            {
                a2 = TSimd.MultiplyAdd(TSimd.Broadcast(a[2 * rowStride]), u, a2);
                a3 = TSimd.MultiplyAdd(TSimd.Broadcast(a[3 * rowStride]), u, a3);
            }

            if (TRows.Count > 4)
            {
                a4 = TSimd.MultiplyAdd(TSimd.Broadcast(a[4 * rowStride]), u, a4);
                a5 = TSimd.MultiplyAdd(TSimd.Broadcast(a[5 * rowStride]), u, a5);
            }

            if (TRows.Count > 6)
            {
                a6 = TSimd.MultiplyAdd(TSimd.Broadcast(a[6 * rowStride]), u, a6);
                a7 = TSimd.MultiplyAdd(TSimd.Broadcast(a[7 * rowStride]), u, a7);
            }

            if (TRows.Count > 8)
            {
                a8 = TSimd.MultiplyAdd(TSimd.Broadcast(a[8 * rowStride]), u, a8);
                a9 = TSimd.MultiplyAdd(TSimd.Broadcast(a[9 * rowStride]), u, a9);
                a10 = TSimd.MultiplyAdd(TSimd.Broadcast(a[10 * rowStride]), u, a10);
                a11 = TSimd.MultiplyAdd(TSimd.Broadcast(a[11 * rowStride]), u, a11);
            }
        }

        Store(a0, c, accumulate);
        Store(a1, c + stride, accumulate);
        if (TRows.Count > 2)
        {
            Store(a2, c + (2 * stride), accumulate);
            Store(a3, c + (3 * stride), accumulate);
        }

        if (TRows.Count > 4)
        {
            Store(a4, c + (4 * stride), accumulate);
            Store(a5, c + (5 * stride), accumulate);
        }

        if (TRows.Count > 6)
        {
            Store(a6, c + (6 * stride), accumulate);
            Store(a7, c + (7 * stride), accumulate);
        }

        if (TRows.Count > 8)
        {
            Store(a8, c + (8 * stride), accumulate);
            Store(a9, c + (9 * stride), accumulate);
            Store(a10, c + (10 * stride), accumulate);
            Store(a11, c + (11 * stride), accumulate);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(TVector left, TVector right, float* c, bool accumulate)
    {
        Store(left, c, accumulate);
        Store(right, c + TSimd.Count, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(TVector value, float* c, bool accumulate) =>
        TSimd.Store(accumulate ? TSimd.Add(TSimd.Load(c), value) : value, c);
}
