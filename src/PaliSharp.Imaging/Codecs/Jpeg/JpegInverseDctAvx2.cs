using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PaliSharp.Imaging.Codecs.Jpeg;

/// <summary>
/// <see cref="JpegInverseDct"/> with products of 16-bit pairs. The sums of the fast algorithm are multiplied out, so each output is a sum of
/// products of inputs: the same integers. Between the passes values are kept in 16 bits with saturation, as in the reference's vector code.
/// </summary>
internal static class JpegInverseDctAvx2
{
    private const int ConstantBits = 13;
    private const int PassBits = 2;

    /// <inheritdoc cref="JpegInverseDct.TransformPortably"/>
    public static void Transform(ReadOnlySpan<short> coefficients, ReadOnlySpan<ushort> quantizer, Span<byte> output, int stride)
    {
        // One check for everything that is read and written below.
        coefficients = coefficients[..64];
        quantizer = quantizer[..64];
        output = output[..((7 * stride) + 8)];
        Rows r;
        r.R0 = Vector128.Create(coefficients) * Vector128.Create(quantizer).AsInt16();
        r.R1 = Vector128.Create(coefficients[8..]) * Vector128.Create(quantizer[8..]).AsInt16();
        r.R2 = Vector128.Create(coefficients[16..]) * Vector128.Create(quantizer[16..]).AsInt16();
        r.R3 = Vector128.Create(coefficients[24..]) * Vector128.Create(quantizer[24..]).AsInt16();
        r.R4 = Vector128.Create(coefficients[32..]) * Vector128.Create(quantizer[32..]).AsInt16();
        r.R5 = Vector128.Create(coefficients[40..]) * Vector128.Create(quantizer[40..]).AsInt16();
        r.R6 = Vector128.Create(coefficients[48..]) * Vector128.Create(quantizer[48..]).AsInt16();
        r.R7 = Vector128.Create(coefficients[56..]) * Vector128.Create(quantizer[56..]).AsInt16();
        Pass(ref r, ConstantBits - PassBits);
        Transpose(ref r);
        Pass(ref r, ConstantBits + PassBits + 3);
        Store(ref r, output, stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pass(ref Rows r, int shift)
    {
        Vector256<short> p04 = Pairs(r.R0, r.R4);
        Vector256<short> p26 = Pairs(r.R2, r.R6);
        Vector256<short> p13 = Pairs(r.R1, r.R3);
        Vector256<short> p57 = Pairs(r.R5, r.R7);

        // Even part.
        Vector256<int> rounding = Vector256.Create(1 << (shift - 1));
        Vector256<int> even0 = Sum(p04, 8192, 8192) + rounding;
        Vector256<int> even1 = Sum(p04, 8192, -8192) + rounding;
        Vector256<int> even2 = Sum(p26, 4433, -10704);
        Vector256<int> even3 = Sum(p26, 10703, 4433);
        Vector256<int> t10 = even0 + even3;
        Vector256<int> t13 = even0 - even3;
        Vector256<int> t11 = even1 + even2;
        Vector256<int> t12 = even1 - even2;

        // Odd part.
        Vector256<int> odd0 = Sum(p13, 2260, -6436) + Sum(p57, 9633, -11363);
        Vector256<int> odd1 = Sum(p13, 6437, -11362) + Sum(p57, 2261, 9633);
        Vector256<int> odd2 = Sum(p13, 9633, -2259) + Sum(p57, -11362, -6436);
        Vector256<int> odd3 = Sum(p13, 11363, 9633) + Sum(p57, 6437, 2260);

        r.R0 = Narrow((t10 + odd3) >> shift);
        r.R7 = Narrow((t10 - odd3) >> shift);
        r.R1 = Narrow((t11 + odd2) >> shift);
        r.R6 = Narrow((t11 - odd2) >> shift);
        r.R2 = Narrow((t12 + odd1) >> shift);
        r.R5 = Narrow((t12 - odd1) >> shift);
        r.R3 = Narrow((t13 + odd0) >> shift);
        r.R4 = Narrow((t13 - odd0) >> shift);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Pairs(Vector128<short> a, Vector128<short> b) => Vector256.Create(Sse2.UnpackLow(a, b), Sse2.UnpackHigh(a, b));

    /// <summary>The sums of two rows, each times a factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Sum(Vector256<short> pairs, short first, short second) =>
        Avx2.MultiplyAddAdjacent(pairs, Vector256.Create((ushort)first | (second << 16)).AsInt16());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Narrow(Vector256<int> values) => Sse2.PackSignedSaturate(values.GetLower(), values.GetUpper());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(ref Rows r)
    {
        Vector128<int> a0 = Sse2.UnpackLow(r.R0, r.R1).AsInt32();
        Vector128<int> a1 = Sse2.UnpackHigh(r.R0, r.R1).AsInt32();
        Vector128<int> a2 = Sse2.UnpackLow(r.R2, r.R3).AsInt32();
        Vector128<int> a3 = Sse2.UnpackHigh(r.R2, r.R3).AsInt32();
        Vector128<int> a4 = Sse2.UnpackLow(r.R4, r.R5).AsInt32();
        Vector128<int> a5 = Sse2.UnpackHigh(r.R4, r.R5).AsInt32();
        Vector128<int> a6 = Sse2.UnpackLow(r.R6, r.R7).AsInt32();
        Vector128<int> a7 = Sse2.UnpackHigh(r.R6, r.R7).AsInt32();
        Vector128<long> b0 = Sse2.UnpackLow(a0, a2).AsInt64();
        Vector128<long> b1 = Sse2.UnpackHigh(a0, a2).AsInt64();
        Vector128<long> b2 = Sse2.UnpackLow(a1, a3).AsInt64();
        Vector128<long> b3 = Sse2.UnpackHigh(a1, a3).AsInt64();
        Vector128<long> b4 = Sse2.UnpackLow(a4, a6).AsInt64();
        Vector128<long> b5 = Sse2.UnpackHigh(a4, a6).AsInt64();
        Vector128<long> b6 = Sse2.UnpackLow(a5, a7).AsInt64();
        Vector128<long> b7 = Sse2.UnpackHigh(a5, a7).AsInt64();
        r.R0 = Sse2.UnpackLow(b0, b4).AsInt16();
        r.R1 = Sse2.UnpackHigh(b0, b4).AsInt16();
        r.R2 = Sse2.UnpackLow(b1, b5).AsInt16();
        r.R3 = Sse2.UnpackHigh(b1, b5).AsInt16();
        r.R4 = Sse2.UnpackLow(b2, b6).AsInt16();
        r.R5 = Sse2.UnpackHigh(b2, b6).AsInt16();
        r.R6 = Sse2.UnpackLow(b3, b7).AsInt16();
        r.R7 = Sse2.UnpackHigh(b3, b7).AsInt16();
    }

    /// <summary>Turns eight columns into rows of bytes and stores them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(ref Rows r, Span<byte> output, int stride)
    {
        Vector128<sbyte> c04 = Sse2.PackSignedSaturate(r.R0, r.R4);
        Vector128<sbyte> c15 = Sse2.PackSignedSaturate(r.R1, r.R5);
        Vector128<sbyte> c26 = Sse2.PackSignedSaturate(r.R2, r.R6);
        Vector128<sbyte> c37 = Sse2.PackSignedSaturate(r.R3, r.R7);
        Vector128<sbyte> c02 = Sse2.UnpackLow(c04, c26);
        Vector128<sbyte> c46 = Sse2.UnpackHigh(c04, c26);
        Vector128<sbyte> c13 = Sse2.UnpackLow(c15, c37);
        Vector128<sbyte> c57 = Sse2.UnpackHigh(c15, c37);
        Vector128<int> left03 = Sse2.UnpackLow(c02, c13).AsInt32();
        Vector128<int> left47 = Sse2.UnpackHigh(c02, c13).AsInt32();
        Vector128<int> right03 = Sse2.UnpackLow(c46, c57).AsInt32();
        Vector128<int> right47 = Sse2.UnpackHigh(c46, c57).AsInt32();
        StoreTwo(Sse2.UnpackLow(left03, right03), output, stride);
        StoreTwo(Sse2.UnpackHigh(left03, right03), output[(2 * stride)..], stride);
        StoreTwo(Sse2.UnpackLow(left47, right47), output[(4 * stride)..], stride);
        StoreTwo(Sse2.UnpackHigh(left47, right47), output[(6 * stride)..], stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreTwo(Vector128<int> rows, Span<byte> output, int stride)
    {
        Vector128<byte> samples = rows.AsByte() + Vector128.Create((byte)128);
        samples.GetLower().CopyTo(output);
        samples.GetUpper().CopyTo(output[stride..]);
    }

    /// <summary>Eight rows of eight values.</summary>
    private struct Rows
    {
        public Vector128<short> R0;
        public Vector128<short> R1;
        public Vector128<short> R2;
        public Vector128<short> R3;
        public Vector128<short> R4;
        public Vector128<short> R5;
        public Vector128<short> R6;
        public Vector128<short> R7;
    }
}
