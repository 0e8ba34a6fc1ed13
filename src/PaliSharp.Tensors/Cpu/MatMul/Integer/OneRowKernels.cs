using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Quantization;

namespace PaliSharp.Tensors.Cpu.MatMul.Integer;

/// <summary>
/// Products of one row of activations with two vectors of outputs over all inputs, as in decoding: limited by reading the weights, which are
/// two linear streams. Sums stay in registers from the first block to the last; they are those of
/// <see cref="IntegerTiles{TSimd,TInteger,TReal}"/>, bit for bit.
/// </summary>
internal static unsafe class OneRowKernels<TSimd, TInteger, TReal>
    where TSimd : struct, IIntegerSimd<TInteger, TReal>
    where TInteger : struct
    where TReal : struct
{
    private const int Line = QuantizedLayout.LineBytes;
    private const int Quad = QuantizedLayout.QuadInputs;
    private const int Flip = unchecked((int)0x80808080);

    // Asking for every line is slower than not asking: it fills the slots for misses. One line of a page that comes up soon has its address
    // translated by then, and the processor follows each stream by itself.
    private const int BytesAhead = 16384;

    /// <summary>8-bit weights.</summary>
    /// <param name="x">The activations.</param>
    /// <param name="quads">The lines of weights, one for every four inputs.</param>
    /// <param name="weights0">The quants of the first vector of outputs.</param>
    /// <param name="weights1">Those of the second.</param>
    /// <param name="scales0">The scales of the first vector of outputs.</param>
    /// <param name="scales1">Those of the second.</param>
    /// <param name="sums">Receives two vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Int8(
        QuantizedActivations x, int quads, byte* weights0, byte* weights1, ushort* scales0, ushort* scales1, float* sums)
    {
        const int BlockQuads = QuantizedLayout.Int8Block / Quad;
        TInteger ones = TSimd.Ones, flip = TSimd.Broadcast(Flip);
        TReal total0 = TSimd.BroadcastReal(0), total1 = total0;
        sbyte* quants = x.Quants;
        float* factors = x.Scales;
        int* starts = x.Starts;
        byte* w = weights0;
        nint second = (nint)(weights1 - w);
        for (int left = quads; left > 0; left -= BlockQuads)
        {
            TSimd.Prefetch(w + BytesAhead);
            TSimd.Prefetch(w + second + BytesAhead);
            TInteger a0 = TSimd.Broadcast(*starts++), b0 = a0;
            byte* end = w + (Math.Min(left, BlockQuads) * Line);
            for (; w < end; w += Line, quants += Quad)
            {
                TInteger t = TSimd.BroadcastQuad(quants);
                a0 = TSimd.Dot(a0, Weights(w, flip), t, ones);
                b0 = TSimd.Dot(b0, Weights(w + second, flip), t, ones);
            }

            TReal factor = TSimd.BroadcastReal(*factors++);
            total0 = TSimd.Add(total0, TSimd.Multiply(TSimd.Multiply(TSimd.ToReal(a0), TSimd.LoadScales(scales0)), factor));
            total1 = TSimd.Add(total1, TSimd.Multiply(TSimd.Multiply(TSimd.ToReal(b0), TSimd.LoadScales(scales1)), factor));
            scales0 += QuantizedLayout.GroupOutputs;
            scales1 += QuantizedLayout.GroupOutputs;
        }

        TSimd.StoreReal(total0, sums);
        TSimd.StoreReal(total1, sums + TSimd.Count);
    }

    /// <summary>4-bit weights; the rest as in <see cref="Int8"/>, with a line for every eight inputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Int4(
        QuantizedActivations x, int lines, byte* weights0, byte* weights1, ushort* scales0, ushort* scales1, float* sums)
    {
        const int HalfBlockLines = QuantizedLayout.Int4Block / (4 * Quad);
        TInteger ones = TSimd.Ones;
        TReal total0 = TSimd.BroadcastReal(0), total1 = total0;
        sbyte* quants = x.Quants;
        float* factors = x.Scales;
        int* starts = x.Starts;
        byte* w = weights0;
        nint second = (nint)(weights1 - w);
        byte* last = w + (lines * Line);
        for (int block = 0; w < last; block++)
        {
            TSimd.Prefetch(w + BytesAhead);
            TSimd.Prefetch(w + second + BytesAhead);
            TInteger a0 = TSimd.Broadcast(*starts++), b0 = a0;
            for (int half = 0; half < 2; half++)
            {
                TInteger p0 = TSimd.Broadcast(0), p1 = p0;
                byte* end = w + (HalfBlockLines * Line);
                if (end > last)
                    end = last;
                for (; w < end; w += Line, quants += 2 * Quad)
                {
                    TInteger u = TSimd.Load(w), v = TSimd.Load(w + second);
                    TInteger t = TSimd.BroadcastQuad(quants);
                    p0 = TSimd.DotPartial(p0, TSimd.LowerHalves(u), t, ones);
                    p1 = TSimd.DotPartial(p1, TSimd.LowerHalves(v), t, ones);
                    t = TSimd.BroadcastQuad(quants + Quad);
                    p0 = TSimd.DotPartial(p0, TSimd.UpperHalves(u), t, ones);
                    p1 = TSimd.DotPartial(p1, TSimd.UpperHalves(v), t, ones);
                }

                a0 = TSimd.AddPartial(a0, p0, ones);
                b0 = TSimd.AddPartial(b0, p1, ones);
            }

            TReal factor = TSimd.BroadcastReal(factors[block * QuantizedLayout.Int4Block / QuantizedActivations.Block]);
            total0 = TSimd.Add(total0, TSimd.Multiply(TSimd.Multiply(TSimd.ToReal(a0), TSimd.LoadScales(scales0)), factor));
            total1 = TSimd.Add(total1, TSimd.Multiply(TSimd.Multiply(TSimd.ToReal(b0), TSimd.LoadScales(scales1)), factor));
            scales0 += QuantizedLayout.GroupOutputs;
            scales1 += QuantizedLayout.GroupOutputs;
        }

        TSimd.StoreReal(total0, sums);
        TSimd.StoreReal(total1, sums + TSimd.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TInteger Weights(byte* source, TInteger flip) =>
        TSimd.SignedWeights ? TSimd.Xor(TSimd.Load(source), flip) : TSimd.Load(source);
}
