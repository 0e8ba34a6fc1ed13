using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.MatMul;

/// <summary>
/// The register tiles of <see cref="ManyRows{TSimd,TVector,TElement}"/>: sums[output, row] += Σ w[output, k] · x[k, row] for one or two
/// vectors of rows and 12 outputs, or 6 where there are only 16 registers. Every sum is a named local, since the JIT keeps
/// locals, but not arrays, in registers. Weight rows are <see cref="Depth"/> apart, a constant, so that one pointer reaches them all.
/// </summary>
internal static unsafe class TileKernels<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    /// <summary>The inner elements of a block, and the distance of two rows of a panel of weights.</summary>
    public const int Depth = 128;

    /// <summary>The outputs of a tile.</summary>
    public static int Outputs => TSimd.Registers >= 32 ? 12 : 6;

    /// <summary>How often a tile of full depth asks for lines of a <see cref="TileAhead"/>.</summary>
    public const int TimesAhead = Depth / StepsPerAhead;

    // A few lines at a time: asked for all at once they take the slots for misses, of which a core has a dozen or two, and what the tile
    // itself reads from the L2 cache has to wait.
    private const int StepsPerAhead = 8;

    /// <summary>A tile of two vectors of rows: <paramref name="x"/> is <c>[depth, 2 vectors]</c>.</summary>
    /// <param name="x">The panel of x.</param>
    /// <param name="w">The panel of weights, rows <see cref="Depth"/> apart.</param>
    /// <param name="depth">The inner elements, 1 to <see cref="Depth"/>.</param>
    /// <param name="sums">The tile's sums.</param>
    /// <param name="stride">The distance of two outputs' sums.</param>
    /// <param name="ahead">What later tiles will read.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void TwoVectors(float* x, float* w, int depth, float* sums, nint stride, in TileAhead ahead)
    {
        if (TSimd.Registers >= 32)
            TwoByTwelve(x, w, depth, sums, stride, ahead);
        else
            TwoBySix(x, w, depth, sums, stride, ahead);
    }

    /// <summary>A tile of one vector of rows: <paramref name="x"/> is <c>[depth, 1 vector]</c>. Nothing is asked for ahead, as there is one such panel at most.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void OneVector(float* x, float* w, int depth, float* sums, nint stride)
    {
        if (TSimd.Registers >= 32)
            OneByTwelve(x, w, depth, sums, stride);
        else
            OneBySix(x, w, depth, sums, stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TwoByTwelve(float* x, float* w, int depth, float* sums, nint stride, in TileAhead ahead)
    {
        TVector a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero, a4 = TSimd.Zero, a5 = TSimd.Zero;
        TVector a6 = TSimd.Zero, a7 = TSimd.Zero, a8 = TSimd.Zero, a9 = TSimd.Zero, a10 = TSimd.Zero, a11 = TSimd.Zero;
        TVector b0 = TSimd.Zero, b1 = TSimd.Zero, b2 = TSimd.Zero, b3 = TSimd.Zero, b4 = TSimd.Zero, b5 = TSimd.Zero;
        TVector b6 = TSimd.Zero, b7 = TSimd.Zero, b8 = TSimd.Zero, b9 = TSimd.Zero, b10 = TSimd.Zero, b11 = TSimd.Zero;
        byte* near = ahead.Near, far = ahead.Far;
        nint nearStep = ahead.NearStep, farStep = ahead.FarStep;
        float* end = w + depth;
        while (w < end)
        {
            TSimd.Prefetch(near);
            TSimd.Prefetch(near + TileAhead.LineBytes);
            TSimd.Prefetch(far);
            near += nearStep;
            far += farStep;
            for (float* pause = w + Math.Min(StepsPerAhead, end - w); w < pause; w++, x += 2 * TSimd.Count)
            {
                TVector u = TSimd.Load(x);
                TVector v = TSimd.Load(x + TSimd.Count);
                TVector t = TSimd.Broadcast(w[0]);
                a0 = TSimd.MultiplyAdd(t, u, a0);
                b0 = TSimd.MultiplyAdd(t, v, b0);
                t = TSimd.Broadcast(w[Depth]);
                a1 = TSimd.MultiplyAdd(t, u, a1);
                b1 = TSimd.MultiplyAdd(t, v, b1);
                t = TSimd.Broadcast(w[2 * Depth]);
                a2 = TSimd.MultiplyAdd(t, u, a2);
                b2 = TSimd.MultiplyAdd(t, v, b2);
                t = TSimd.Broadcast(w[3 * Depth]);
                a3 = TSimd.MultiplyAdd(t, u, a3);
                b3 = TSimd.MultiplyAdd(t, v, b3);
                t = TSimd.Broadcast(w[4 * Depth]);
                a4 = TSimd.MultiplyAdd(t, u, a4);
                b4 = TSimd.MultiplyAdd(t, v, b4);
                t = TSimd.Broadcast(w[5 * Depth]);
                a5 = TSimd.MultiplyAdd(t, u, a5);
                b5 = TSimd.MultiplyAdd(t, v, b5);
                t = TSimd.Broadcast(w[6 * Depth]);
                a6 = TSimd.MultiplyAdd(t, u, a6);
                b6 = TSimd.MultiplyAdd(t, v, b6);
                t = TSimd.Broadcast(w[7 * Depth]);
                a7 = TSimd.MultiplyAdd(t, u, a7);
                b7 = TSimd.MultiplyAdd(t, v, b7);
                t = TSimd.Broadcast(w[8 * Depth]);
                a8 = TSimd.MultiplyAdd(t, u, a8);
                b8 = TSimd.MultiplyAdd(t, v, b8);
                t = TSimd.Broadcast(w[9 * Depth]);
                a9 = TSimd.MultiplyAdd(t, u, a9);
                b9 = TSimd.MultiplyAdd(t, v, b9);
                t = TSimd.Broadcast(w[10 * Depth]);
                a10 = TSimd.MultiplyAdd(t, u, a10);
                b10 = TSimd.MultiplyAdd(t, v, b10);
                t = TSimd.Broadcast(w[11 * Depth]);
                a11 = TSimd.MultiplyAdd(t, u, a11);
                b11 = TSimd.MultiplyAdd(t, v, b11);
            }
        }

        AddTo(a0, b0, sums);
        AddTo(a1, b1, sums + stride);
        AddTo(a2, b2, sums + (2 * stride));
        AddTo(a3, b3, sums + (3 * stride));
        AddTo(a4, b4, sums + (4 * stride));
        AddTo(a5, b5, sums + (5 * stride));
        AddTo(a6, b6, sums + (6 * stride));
        AddTo(a7, b7, sums + (7 * stride));
        AddTo(a8, b8, sums + (8 * stride));
        AddTo(a9, b9, sums + (9 * stride));
        AddTo(a10, b10, sums + (10 * stride));
        AddTo(a11, b11, sums + (11 * stride));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneByTwelve(float* x, float* w, int depth, float* sums, nint stride)
    {
        TVector a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero, a4 = TSimd.Zero, a5 = TSimd.Zero;
        TVector a6 = TSimd.Zero, a7 = TSimd.Zero, a8 = TSimd.Zero, a9 = TSimd.Zero, a10 = TSimd.Zero, a11 = TSimd.Zero;
        float* end = w + depth;
        for (; w < end; w++, x += TSimd.Count)
        {
            TVector u = TSimd.Load(x);
            a0 = TSimd.MultiplyAdd(TSimd.Broadcast(w[0]), u, a0);
            a1 = TSimd.MultiplyAdd(TSimd.Broadcast(w[Depth]), u, a1);
            a2 = TSimd.MultiplyAdd(TSimd.Broadcast(w[2 * Depth]), u, a2);
            a3 = TSimd.MultiplyAdd(TSimd.Broadcast(w[3 * Depth]), u, a3);
            a4 = TSimd.MultiplyAdd(TSimd.Broadcast(w[4 * Depth]), u, a4);
            a5 = TSimd.MultiplyAdd(TSimd.Broadcast(w[5 * Depth]), u, a5);
            a6 = TSimd.MultiplyAdd(TSimd.Broadcast(w[6 * Depth]), u, a6);
            a7 = TSimd.MultiplyAdd(TSimd.Broadcast(w[7 * Depth]), u, a7);
            a8 = TSimd.MultiplyAdd(TSimd.Broadcast(w[8 * Depth]), u, a8);
            a9 = TSimd.MultiplyAdd(TSimd.Broadcast(w[9 * Depth]), u, a9);
            a10 = TSimd.MultiplyAdd(TSimd.Broadcast(w[10 * Depth]), u, a10);
            a11 = TSimd.MultiplyAdd(TSimd.Broadcast(w[11 * Depth]), u, a11);
        }

        AddTo(a0, sums);
        AddTo(a1, sums + stride);
        AddTo(a2, sums + (2 * stride));
        AddTo(a3, sums + (3 * stride));
        AddTo(a4, sums + (4 * stride));
        AddTo(a5, sums + (5 * stride));
        AddTo(a6, sums + (6 * stride));
        AddTo(a7, sums + (7 * stride));
        AddTo(a8, sums + (8 * stride));
        AddTo(a9, sums + (9 * stride));
        AddTo(a10, sums + (10 * stride));
        AddTo(a11, sums + (11 * stride));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TwoBySix(float* x, float* w, int depth, float* sums, nint stride, in TileAhead ahead)
    {
        TVector a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero, a4 = TSimd.Zero, a5 = TSimd.Zero;
        TVector b0 = TSimd.Zero, b1 = TSimd.Zero, b2 = TSimd.Zero, b3 = TSimd.Zero, b4 = TSimd.Zero, b5 = TSimd.Zero;
        byte* near = ahead.Near, far = ahead.Far;
        nint nearStep = ahead.NearStep, farStep = ahead.FarStep;
        float* end = w + depth;
        while (w < end)
        {
            TSimd.Prefetch(near);
            TSimd.Prefetch(near + TileAhead.LineBytes);
            TSimd.Prefetch(far);
            near += nearStep;
            far += farStep;
            for (float* pause = w + Math.Min(StepsPerAhead, end - w); w < pause; w++, x += 2 * TSimd.Count)
            {
                TVector u = TSimd.Load(x);
                TVector v = TSimd.Load(x + TSimd.Count);
                TVector t = TSimd.Broadcast(w[0]);
                a0 = TSimd.MultiplyAdd(t, u, a0);
                b0 = TSimd.MultiplyAdd(t, v, b0);
                t = TSimd.Broadcast(w[Depth]);
                a1 = TSimd.MultiplyAdd(t, u, a1);
                b1 = TSimd.MultiplyAdd(t, v, b1);
                t = TSimd.Broadcast(w[2 * Depth]);
                a2 = TSimd.MultiplyAdd(t, u, a2);
                b2 = TSimd.MultiplyAdd(t, v, b2);
                t = TSimd.Broadcast(w[3 * Depth]);
                a3 = TSimd.MultiplyAdd(t, u, a3);
                b3 = TSimd.MultiplyAdd(t, v, b3);
                t = TSimd.Broadcast(w[4 * Depth]);
                a4 = TSimd.MultiplyAdd(t, u, a4);
                b4 = TSimd.MultiplyAdd(t, v, b4);
                t = TSimd.Broadcast(w[5 * Depth]);
                a5 = TSimd.MultiplyAdd(t, u, a5);
                b5 = TSimd.MultiplyAdd(t, v, b5);
            }
        }

        AddTo(a0, b0, sums);
        AddTo(a1, b1, sums + stride);
        AddTo(a2, b2, sums + (2 * stride));
        AddTo(a3, b3, sums + (3 * stride));
        AddTo(a4, b4, sums + (4 * stride));
        AddTo(a5, b5, sums + (5 * stride));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneBySix(float* x, float* w, int depth, float* sums, nint stride)
    {
        TVector a0 = TSimd.Zero, a1 = TSimd.Zero, a2 = TSimd.Zero, a3 = TSimd.Zero, a4 = TSimd.Zero, a5 = TSimd.Zero;
        float* end = w + depth;
        for (; w < end; w++, x += TSimd.Count)
        {
            TVector u = TSimd.Load(x);
            a0 = TSimd.MultiplyAdd(TSimd.Broadcast(w[0]), u, a0);
            a1 = TSimd.MultiplyAdd(TSimd.Broadcast(w[Depth]), u, a1);
            a2 = TSimd.MultiplyAdd(TSimd.Broadcast(w[2 * Depth]), u, a2);
            a3 = TSimd.MultiplyAdd(TSimd.Broadcast(w[3 * Depth]), u, a3);
            a4 = TSimd.MultiplyAdd(TSimd.Broadcast(w[4 * Depth]), u, a4);
            a5 = TSimd.MultiplyAdd(TSimd.Broadcast(w[5 * Depth]), u, a5);
        }

        AddTo(a0, sums);
        AddTo(a1, sums + stride);
        AddTo(a2, sums + (2 * stride));
        AddTo(a3, sums + (3 * stride));
        AddTo(a4, sums + (4 * stride));
        AddTo(a5, sums + (5 * stride));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(TVector a, TVector b, float* sums)
    {
        AddTo(a, sums);
        AddTo(b, sums + TSimd.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(TVector value, float* sums) => TSimd.Store(TSimd.Add(value, TSimd.Load(sums)), sums);
}

/// <summary>What later tiles will read and no cache near the core may hold yet.</summary>
/// <param name="near">Pairs of lines of the next panels of x, which come from the L3 cache.</param>
/// <param name="nearStep">The distance of two pairs; 0 if there is nothing to ask for, with any address that is at hand.</param>
/// <param name="far">Lines of the next block of weights as stored, which come from memory.</param>
/// <param name="farStep">The distance of two lines, or 0.</param>
internal readonly unsafe ref struct TileAhead(byte* near, nint nearStep, byte* far, nint farStep)
{
    /// <summary>A cache line; where lines are longer, some are asked for twice.</summary>
    public const int LineBytes = 64;

    public readonly byte* Near = near;
    public readonly nint NearStep = nearStep;
    public readonly byte* Far = far;
    public readonly nint FarStep = farStep;
}
