using System.Runtime.CompilerServices;

namespace PaliSharp.Tensors.Cpu.MatMul.Integer;

/// <summary>
/// The register tiles of products with quantised weights: for up to 12 rows of activations and two vectors of outputs, one block of inputs long,
/// sums[row, output] += (start[row] + Σ weight·activation) · weight scale · activation scale. Every sum is a named local, since the JIT keeps
/// locals, but not arrays, in registers. The order of the float operations is the same for every tile, every path and every number of rows.
/// </summary>
internal static unsafe class IntegerTiles<TSimd, TInteger, TReal>
    where TSimd : struct, IIntegerSimd<TInteger, TReal>
    where TInteger : struct
    where TReal : struct
{
    private const int Line = Quantization.QuantizedLayout.LineBytes;
    private const int Quad = Quantization.QuantizedLayout.QuadInputs;
    private const int Row = QuantizedActivations.Block;
    private const int BytesAhead = 16384;

    // Eight rows are what a batch of that many sequences decodes: one tile, which takes its weights from memory and not, like the tiles of
    // a prompt, from a cache. It has the time to ask for every line, so that arithmetic and reading overlap.
    private const int StreamAhead = 4096;

    /// <summary>Adds one block of inputs to a tile.</summary>
    /// <param name="rows">One of the numbers of <see cref="TileRows.Next"/>.</param>
    /// <param name="block">The operands.</param>
    /// <param name="sums">The tile's sums, <c>[rows, 2 vectors]</c>.</param>
    public static void Add(int rows, ref TileBlock block, float* sums)
    {
        switch (rows)
        {
            case 12:
                Twelve(ref block, sums);
                break;
            case 8:
                Eight(ref block, sums);
                break;
            case 6:
                Six(ref block, sums);
                break;
            case 4:
                Four(ref block, sums);
                break;
            case 2:
                Two(ref block, sums);
                break;
            default:
                One(ref block, sums);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Twelve(ref TileBlock block, float* sums)
    {
        byte* w = block.Weights0;
        nint second = (nint)(block.Weights1 - w);
        byte* end = w + (block.Quads * Line);
        sbyte* x = block.X;
        int* start = block.Starts;
        TSimd.Prefetch(w + BytesAhead);
        TSimd.Prefetch(w + second + BytesAhead);
        TInteger ones = TSimd.Ones, flip = TSimd.Broadcast(block.Flip);
        TInteger a0 = TSimd.Broadcast(start[0]), b0 = a0;
        TInteger a1 = TSimd.Broadcast(start[1]), b1 = a1;
        TInteger a2 = TSimd.Broadcast(start[2]), b2 = a2;
        TInteger a3 = TSimd.Broadcast(start[3]), b3 = a3;
        TInteger a4 = TSimd.Broadcast(start[4]), b4 = a4;
        TInteger a5 = TSimd.Broadcast(start[5]), b5 = a5;
        TInteger a6 = TSimd.Broadcast(start[6]), b6 = a6;
        TInteger a7 = TSimd.Broadcast(start[7]), b7 = a7;
        TInteger a8 = TSimd.Broadcast(start[8]), b8 = a8;
        TInteger a9 = TSimd.Broadcast(start[9]), b9 = a9;
        TInteger a10 = TSimd.Broadcast(start[10]), b10 = a10;
        TInteger a11 = TSimd.Broadcast(start[11]), b11 = a11;
        for (; w < end; w += Line, x += Quad)
        {
            TInteger u = Weights(w, flip), v = Weights(w + second, flip);
            TInteger t = TSimd.BroadcastQuad(x);
            a0 = TSimd.Dot(a0, u, t, ones);
            b0 = TSimd.Dot(b0, v, t, ones);
            t = TSimd.BroadcastQuad(x + Row);
            a1 = TSimd.Dot(a1, u, t, ones);
            b1 = TSimd.Dot(b1, v, t, ones);
            t = TSimd.BroadcastQuad(x + (2 * Row));
            a2 = TSimd.Dot(a2, u, t, ones);
            b2 = TSimd.Dot(b2, v, t, ones);
            t = TSimd.BroadcastQuad(x + (3 * Row));
            a3 = TSimd.Dot(a3, u, t, ones);
            b3 = TSimd.Dot(b3, v, t, ones);
            t = TSimd.BroadcastQuad(x + (4 * Row));
            a4 = TSimd.Dot(a4, u, t, ones);
            b4 = TSimd.Dot(b4, v, t, ones);
            t = TSimd.BroadcastQuad(x + (5 * Row));
            a5 = TSimd.Dot(a5, u, t, ones);
            b5 = TSimd.Dot(b5, v, t, ones);
            t = TSimd.BroadcastQuad(x + (6 * Row));
            a6 = TSimd.Dot(a6, u, t, ones);
            b6 = TSimd.Dot(b6, v, t, ones);
            t = TSimd.BroadcastQuad(x + (7 * Row));
            a7 = TSimd.Dot(a7, u, t, ones);
            b7 = TSimd.Dot(b7, v, t, ones);
            t = TSimd.BroadcastQuad(x + (8 * Row));
            a8 = TSimd.Dot(a8, u, t, ones);
            b8 = TSimd.Dot(b8, v, t, ones);
            t = TSimd.BroadcastQuad(x + (9 * Row));
            a9 = TSimd.Dot(a9, u, t, ones);
            b9 = TSimd.Dot(b9, v, t, ones);
            t = TSimd.BroadcastQuad(x + (10 * Row));
            a10 = TSimd.Dot(a10, u, t, ones);
            b10 = TSimd.Dot(b10, v, t, ones);
            t = TSimd.BroadcastQuad(x + (11 * Row));
            a11 = TSimd.Dot(a11, u, t, ones);
            b11 = TSimd.Dot(b11, v, t, ones);
        }

        TReal scale0 = TSimd.LoadScales(block.Scales0), scale1 = TSimd.LoadScales(block.Scales1);
        float* scales = block.XScales;
        AddScaled(a0, b0, scale0, scale1, scales[0], sums);
        AddScaled(a1, b1, scale0, scale1, scales[1], sums + (2 * TSimd.Count));
        AddScaled(a2, b2, scale0, scale1, scales[2], sums + (2 * 2 * TSimd.Count));
        AddScaled(a3, b3, scale0, scale1, scales[3], sums + (3 * 2 * TSimd.Count));
        AddScaled(a4, b4, scale0, scale1, scales[4], sums + (4 * 2 * TSimd.Count));
        AddScaled(a5, b5, scale0, scale1, scales[5], sums + (5 * 2 * TSimd.Count));
        AddScaled(a6, b6, scale0, scale1, scales[6], sums + (6 * 2 * TSimd.Count));
        AddScaled(a7, b7, scale0, scale1, scales[7], sums + (7 * 2 * TSimd.Count));
        AddScaled(a8, b8, scale0, scale1, scales[8], sums + (8 * 2 * TSimd.Count));
        AddScaled(a9, b9, scale0, scale1, scales[9], sums + (9 * 2 * TSimd.Count));
        AddScaled(a10, b10, scale0, scale1, scales[10], sums + (10 * 2 * TSimd.Count));
        AddScaled(a11, b11, scale0, scale1, scales[11], sums + (11 * 2 * TSimd.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Eight(ref TileBlock block, float* sums)
    {
        byte* w = block.Weights0;
        nint second = (nint)(block.Weights1 - w);
        byte* end = w + (block.Quads * Line);
        sbyte* x = block.X;
        int* start = block.Starts;
        TSimd.Prefetch(w + BytesAhead);
        TSimd.Prefetch(w + second + BytesAhead);
        TInteger ones = TSimd.Ones, flip = TSimd.Broadcast(block.Flip);
        TInteger a0 = TSimd.Broadcast(start[0]), b0 = a0;
        TInteger a1 = TSimd.Broadcast(start[1]), b1 = a1;
        TInteger a2 = TSimd.Broadcast(start[2]), b2 = a2;
        TInteger a3 = TSimd.Broadcast(start[3]), b3 = a3;
        TInteger a4 = TSimd.Broadcast(start[4]), b4 = a4;
        TInteger a5 = TSimd.Broadcast(start[5]), b5 = a5;
        TInteger a6 = TSimd.Broadcast(start[6]), b6 = a6;
        TInteger a7 = TSimd.Broadcast(start[7]), b7 = a7;
        for (; w < end; w += Line, x += Quad)
        {
            TSimd.Prefetch(w + StreamAhead);
            TSimd.Prefetch(w + second + StreamAhead);
            TInteger u = Weights(w, flip), v = Weights(w + second, flip);
            TInteger t = TSimd.BroadcastQuad(x);
            a0 = TSimd.Dot(a0, u, t, ones);
            b0 = TSimd.Dot(b0, v, t, ones);
            t = TSimd.BroadcastQuad(x + Row);
            a1 = TSimd.Dot(a1, u, t, ones);
            b1 = TSimd.Dot(b1, v, t, ones);
            t = TSimd.BroadcastQuad(x + (2 * Row));
            a2 = TSimd.Dot(a2, u, t, ones);
            b2 = TSimd.Dot(b2, v, t, ones);
            t = TSimd.BroadcastQuad(x + (3 * Row));
            a3 = TSimd.Dot(a3, u, t, ones);
            b3 = TSimd.Dot(b3, v, t, ones);
            t = TSimd.BroadcastQuad(x + (4 * Row));
            a4 = TSimd.Dot(a4, u, t, ones);
            b4 = TSimd.Dot(b4, v, t, ones);
            t = TSimd.BroadcastQuad(x + (5 * Row));
            a5 = TSimd.Dot(a5, u, t, ones);
            b5 = TSimd.Dot(b5, v, t, ones);
            t = TSimd.BroadcastQuad(x + (6 * Row));
            a6 = TSimd.Dot(a6, u, t, ones);
            b6 = TSimd.Dot(b6, v, t, ones);
            t = TSimd.BroadcastQuad(x + (7 * Row));
            a7 = TSimd.Dot(a7, u, t, ones);
            b7 = TSimd.Dot(b7, v, t, ones);
        }

        TReal scale0 = TSimd.LoadScales(block.Scales0), scale1 = TSimd.LoadScales(block.Scales1);
        float* scales = block.XScales;
        AddScaled(a0, b0, scale0, scale1, scales[0], sums);
        AddScaled(a1, b1, scale0, scale1, scales[1], sums + (2 * TSimd.Count));
        AddScaled(a2, b2, scale0, scale1, scales[2], sums + (2 * 2 * TSimd.Count));
        AddScaled(a3, b3, scale0, scale1, scales[3], sums + (3 * 2 * TSimd.Count));
        AddScaled(a4, b4, scale0, scale1, scales[4], sums + (4 * 2 * TSimd.Count));
        AddScaled(a5, b5, scale0, scale1, scales[5], sums + (5 * 2 * TSimd.Count));
        AddScaled(a6, b6, scale0, scale1, scales[6], sums + (6 * 2 * TSimd.Count));
        AddScaled(a7, b7, scale0, scale1, scales[7], sums + (7 * 2 * TSimd.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Six(ref TileBlock block, float* sums)
    {
        byte* w = block.Weights0;
        nint second = (nint)(block.Weights1 - w);
        byte* end = w + (block.Quads * Line);
        sbyte* x = block.X;
        int* start = block.Starts;
        TSimd.Prefetch(w + BytesAhead);
        TSimd.Prefetch(w + second + BytesAhead);
        TInteger ones = TSimd.Ones, flip = TSimd.Broadcast(block.Flip);
        TInteger a0 = TSimd.Broadcast(start[0]), b0 = a0;
        TInteger a1 = TSimd.Broadcast(start[1]), b1 = a1;
        TInteger a2 = TSimd.Broadcast(start[2]), b2 = a2;
        TInteger a3 = TSimd.Broadcast(start[3]), b3 = a3;
        TInteger a4 = TSimd.Broadcast(start[4]), b4 = a4;
        TInteger a5 = TSimd.Broadcast(start[5]), b5 = a5;
        for (; w < end; w += Line, x += Quad)
        {
            TInteger u = Weights(w, flip), v = Weights(w + second, flip);
            TInteger t = TSimd.BroadcastQuad(x);
            a0 = TSimd.Dot(a0, u, t, ones);
            b0 = TSimd.Dot(b0, v, t, ones);
            t = TSimd.BroadcastQuad(x + Row);
            a1 = TSimd.Dot(a1, u, t, ones);
            b1 = TSimd.Dot(b1, v, t, ones);
            t = TSimd.BroadcastQuad(x + (2 * Row));
            a2 = TSimd.Dot(a2, u, t, ones);
            b2 = TSimd.Dot(b2, v, t, ones);
            t = TSimd.BroadcastQuad(x + (3 * Row));
            a3 = TSimd.Dot(a3, u, t, ones);
            b3 = TSimd.Dot(b3, v, t, ones);
            t = TSimd.BroadcastQuad(x + (4 * Row));
            a4 = TSimd.Dot(a4, u, t, ones);
            b4 = TSimd.Dot(b4, v, t, ones);
            t = TSimd.BroadcastQuad(x + (5 * Row));
            a5 = TSimd.Dot(a5, u, t, ones);
            b5 = TSimd.Dot(b5, v, t, ones);
        }

        TReal scale0 = TSimd.LoadScales(block.Scales0), scale1 = TSimd.LoadScales(block.Scales1);
        float* scales = block.XScales;
        AddScaled(a0, b0, scale0, scale1, scales[0], sums);
        AddScaled(a1, b1, scale0, scale1, scales[1], sums + (2 * TSimd.Count));
        AddScaled(a2, b2, scale0, scale1, scales[2], sums + (2 * 2 * TSimd.Count));
        AddScaled(a3, b3, scale0, scale1, scales[3], sums + (3 * 2 * TSimd.Count));
        AddScaled(a4, b4, scale0, scale1, scales[4], sums + (4 * 2 * TSimd.Count));
        AddScaled(a5, b5, scale0, scale1, scales[5], sums + (5 * 2 * TSimd.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Four(ref TileBlock block, float* sums)
    {
        byte* w = block.Weights0;
        nint second = (nint)(block.Weights1 - w);
        byte* end = w + (block.Quads * Line);
        sbyte* x = block.X;
        int* start = block.Starts;
        TSimd.Prefetch(w + BytesAhead);
        TSimd.Prefetch(w + second + BytesAhead);
        TInteger ones = TSimd.Ones, flip = TSimd.Broadcast(block.Flip);
        TInteger a0 = TSimd.Broadcast(start[0]), b0 = a0;
        TInteger a1 = TSimd.Broadcast(start[1]), b1 = a1;
        TInteger a2 = TSimd.Broadcast(start[2]), b2 = a2;
        TInteger a3 = TSimd.Broadcast(start[3]), b3 = a3;
        for (; w < end; w += Line, x += Quad)
        {
            TInteger u = Weights(w, flip), v = Weights(w + second, flip);
            TInteger t = TSimd.BroadcastQuad(x);
            a0 = TSimd.Dot(a0, u, t, ones);
            b0 = TSimd.Dot(b0, v, t, ones);
            t = TSimd.BroadcastQuad(x + Row);
            a1 = TSimd.Dot(a1, u, t, ones);
            b1 = TSimd.Dot(b1, v, t, ones);
            t = TSimd.BroadcastQuad(x + (2 * Row));
            a2 = TSimd.Dot(a2, u, t, ones);
            b2 = TSimd.Dot(b2, v, t, ones);
            t = TSimd.BroadcastQuad(x + (3 * Row));
            a3 = TSimd.Dot(a3, u, t, ones);
            b3 = TSimd.Dot(b3, v, t, ones);
        }

        TReal scale0 = TSimd.LoadScales(block.Scales0), scale1 = TSimd.LoadScales(block.Scales1);
        float* scales = block.XScales;
        AddScaled(a0, b0, scale0, scale1, scales[0], sums);
        AddScaled(a1, b1, scale0, scale1, scales[1], sums + (2 * TSimd.Count));
        AddScaled(a2, b2, scale0, scale1, scales[2], sums + (2 * 2 * TSimd.Count));
        AddScaled(a3, b3, scale0, scale1, scales[3], sums + (3 * 2 * TSimd.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Two(ref TileBlock block, float* sums)
    {
        byte* w = block.Weights0;
        nint second = (nint)(block.Weights1 - w);
        byte* end = w + (block.Quads * Line);
        sbyte* x = block.X;
        int* start = block.Starts;
        TSimd.Prefetch(w + BytesAhead);
        TSimd.Prefetch(w + second + BytesAhead);
        TInteger ones = TSimd.Ones, flip = TSimd.Broadcast(block.Flip);
        TInteger a0 = TSimd.Broadcast(start[0]), b0 = a0;
        TInteger a1 = TSimd.Broadcast(start[1]), b1 = a1;
        for (; w < end; w += Line, x += Quad)
        {
            TInteger u = Weights(w, flip), v = Weights(w + second, flip);
            TInteger t = TSimd.BroadcastQuad(x);
            a0 = TSimd.Dot(a0, u, t, ones);
            b0 = TSimd.Dot(b0, v, t, ones);
            t = TSimd.BroadcastQuad(x + Row);
            a1 = TSimd.Dot(a1, u, t, ones);
            b1 = TSimd.Dot(b1, v, t, ones);
        }

        TReal scale0 = TSimd.LoadScales(block.Scales0), scale1 = TSimd.LoadScales(block.Scales1);
        float* scales = block.XScales;
        AddScaled(a0, b0, scale0, scale1, scales[0], sums);
        AddScaled(a1, b1, scale0, scale1, scales[1], sums + (2 * TSimd.Count));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void One(ref TileBlock block, float* sums)
    {
        byte* w = block.Weights0;
        nint second = (nint)(block.Weights1 - w);
        byte* end = w + (block.Quads * Line);
        sbyte* x = block.X;
        int* start = block.Starts;
        TSimd.Prefetch(w + BytesAhead);
        TSimd.Prefetch(w + second + BytesAhead);
        TInteger ones = TSimd.Ones, flip = TSimd.Broadcast(block.Flip);
        TInteger a0 = TSimd.Broadcast(start[0]), b0 = a0;
        for (; w < end; w += Line, x += Quad)
        {
            TInteger u = Weights(w, flip), v = Weights(w + second, flip);
            TInteger t = TSimd.BroadcastQuad(x);
            a0 = TSimd.Dot(a0, u, t, ones);
            b0 = TSimd.Dot(b0, v, t, ones);
        }

        TReal scale0 = TSimd.LoadScales(block.Scales0), scale1 = TSimd.LoadScales(block.Scales1);
        float* scales = block.XScales;
        AddScaled(a0, b0, scale0, scale1, scales[0], sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TInteger Weights(byte* source, TInteger flip) =>
        TSimd.SignedWeights ? TSimd.Xor(TSimd.Load(source), flip) : TSimd.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddScaled(TInteger a, TInteger b, TReal scale0, TReal scale1, float xScale, float* sums)
    {
        TReal factor = TSimd.BroadcastReal(xScale);
        TReal first = TSimd.Multiply(TSimd.Multiply(TSimd.ToReal(a), scale0), factor);
        TReal second = TSimd.Multiply(TSimd.Multiply(TSimd.ToReal(b), scale1), factor);
        TSimd.StoreReal(TSimd.Add(TSimd.LoadReal(sums), first), sums);
        TSimd.StoreReal(TSimd.Add(TSimd.LoadReal(sums + TSimd.Count), second), sums + TSimd.Count);
    }
}

/// <summary>The operands of one block of inputs of a tile.</summary>
internal unsafe struct TileBlock
{
    /// <summary>The quants of the first vector of outputs, a line for every four inputs.</summary>
    public byte* Weights0;

    /// <summary>Those of the second.</summary>
    public byte* Weights1;

    /// <summary>The scales of the first vector of outputs.</summary>
    public ushort* Scales0;

    /// <summary>Those of the second.</summary>
    public ushort* Scales1;

    /// <summary>The activations of the first row; rows are a block apart.</summary>
    public sbyte* X;

    /// <summary>The scales of the rows.</summary>
    public float* XScales;

    /// <summary>What the sums of the rows begin with.</summary>
    public int* Starts;

    /// <summary>The lines of the block.</summary>
    public int Quads;

    /// <summary>What makes the weights signed by exclusive or, where the path wants them so.</summary>
    public int Flip;
}
