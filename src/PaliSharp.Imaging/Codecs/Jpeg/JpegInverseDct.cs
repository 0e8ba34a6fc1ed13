using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace PaliSharp.Imaging.Codecs.Jpeg;

/// <summary>
/// The accurate integer inverse DCT (Loeffler, Ligtenberg and Moschytz, 13 fraction bits, two kept between the passes) that the
/// reference decoder uses by default; its rounding is part of the picture. Columns first, then rows, eight at a time.
/// </summary>
internal static class JpegInverseDct
{
    private const int ConstantBits = 13;
    private const int PassBits = 2;

    /// <summary>Dequantises and transforms a block, and stores its samples.</summary>
    /// <param name="coefficients">64 coefficients in natural order.</param>
    /// <param name="quantizer">64 factors in natural order.</param>
    /// <param name="output">Receives the samples.</param>
    /// <param name="stride">The distance between two rows of the output.</param>
    /// <param name="side">The samples of a side: 8, or less to scale the block down.</param>
    public static void Transform(ReadOnlySpan<short> coefficients, ReadOnlySpan<ushort> quantizer, Span<byte> output, int stride, int side)
    {
        if (side < 8)
            JpegReducedDct.Transform(coefficients, quantizer, output, stride, side);
        else if (Avx2.IsSupported)
            JpegInverseDctAvx2.Transform(coefficients, quantizer, output, stride);
        else
            TransformPortably(coefficients, quantizer, output, stride);
    }

    /// <summary>The same on any processor.</summary>
    internal static void TransformPortably(ReadOnlySpan<short> coefficients, ReadOnlySpan<ushort> quantizer, Span<byte> output, int stride)
    {
        coefficients = coefficients[..64];
        quantizer = quantizer[..64];
        Block block;
        block.R0 = Dequantize(coefficients, quantizer, 0);
        block.R1 = Dequantize(coefficients, quantizer, 1);
        block.R2 = Dequantize(coefficients, quantizer, 2);
        block.R3 = Dequantize(coefficients, quantizer, 3);
        block.R4 = Dequantize(coefficients, quantizer, 4);
        block.R5 = Dequantize(coefficients, quantizer, 5);
        block.R6 = Dequantize(coefficients, quantizer, 6);
        block.R7 = Dequantize(coefficients, quantizer, 7);
        Pass(ref block, ConstantBits - PassBits);
        Transpose(ref block);
        Pass(ref block, ConstantBits + PassBits + 3);
        Transpose(ref block);
        Store(block.R0, output[..8]);
        Store(block.R1, output.Slice(stride, 8));
        Store(block.R2, output.Slice(2 * stride, 8));
        Store(block.R3, output.Slice(3 * stride, 8));
        Store(block.R4, output.Slice(4 * stride, 8));
        Store(block.R5, output.Slice(5 * stride, 8));
        Store(block.R6, output.Slice(6 * stride, 8));
        Store(block.R7, output.Slice(7 * stride, 8));
    }

    /// <summary>The same for a block that has only a DC coefficient.</summary>
    public static void TransformDc(int dc, int quantizer, Span<byte> output, int stride, int side)
    {
        int value = (short)(dc * quantizer) << PassBits;
        byte sample = (byte)Math.Clamp(((value + (1 << (PassBits + 2))) >> (PassBits + 3)) + 128, 0, 255);
        for (int i = 0; i < side; i++)
            output.Slice(i * stride, side).Fill(sample);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Dequantize(ReadOnlySpan<short> coefficients, ReadOnlySpan<ushort> quantizer, int row)
    {
        // Products keep 16 bits, as in the reference's vector code.
        Vector128<short> product = Vector128.Create(coefficients.Slice(row * 8, 8)) * Vector128.Create(quantizer.Slice(row * 8, 8)).AsInt16();
        (Vector128<int> low, Vector128<int> high) = Vector128.Widen(product);
        return Vector256.Create(low, high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<int> row, Span<byte> output)
    {
        Vector256<int> levels = Vector256.Min(Vector256.Max(row + Vector256.Create(128), Vector256<int>.Zero), Vector256.Create(255));
        Vector128<short> narrow = Vector128.Narrow(levels.GetLower(), levels.GetUpper());
        Vector128.Narrow(narrow.AsUInt16(), narrow.AsUInt16()).GetLower().CopyTo(output);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pass(ref Block b, int shift)
    {
        Vector256<int> rounding = Vector256.Create(1 << (shift - 1));

        // Even part.
        Vector256<int> z1 = (b.R2 + b.R6) * 4433;
        Vector256<int> even2 = z1 - (b.R6 * 15137);
        Vector256<int> even3 = z1 + (b.R2 * 6270);
        Vector256<int> even0 = ((b.R0 + b.R4) << ConstantBits) + rounding;
        Vector256<int> even1 = ((b.R0 - b.R4) << ConstantBits) + rounding;
        Vector256<int> t10 = even0 + even3;
        Vector256<int> t13 = even0 - even3;
        Vector256<int> t11 = even1 + even2;
        Vector256<int> t12 = even1 - even2;

        // Odd part.
        Vector256<int> z3 = b.R7 + b.R3;
        Vector256<int> z4 = b.R5 + b.R1;
        Vector256<int> z5 = (z3 + z4) * 9633;
        Vector256<int> z2 = (b.R5 + b.R3) * -20995;
        z1 = (b.R7 + b.R1) * -7373;
        z3 = (z3 * -16069) + z5;
        z4 = (z4 * -3196) + z5;
        Vector256<int> odd0 = (b.R7 * 2446) + z1 + z3;
        Vector256<int> odd1 = (b.R5 * 16819) + z2 + z4;
        Vector256<int> odd2 = (b.R3 * 25172) + z2 + z3;
        Vector256<int> odd3 = (b.R1 * 12299) + z1 + z4;

        b.R0 = (t10 + odd3) >> shift;
        b.R7 = (t10 - odd3) >> shift;
        b.R1 = (t11 + odd2) >> shift;
        b.R6 = (t11 - odd2) >> shift;
        b.R2 = (t12 + odd1) >> shift;
        b.R5 = (t12 - odd1) >> shift;
        b.R3 = (t13 + odd0) >> shift;
        b.R4 = (t13 - odd0) >> shift;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(ref Block b)
    {
        (Vector128<int> a0, Vector128<int> a1, Vector128<int> a2, Vector128<int> a3) =
            Transpose4(b.R0.GetLower(), b.R1.GetLower(), b.R2.GetLower(), b.R3.GetLower());
        (Vector128<int> b0, Vector128<int> b1, Vector128<int> b2, Vector128<int> b3) =
            Transpose4(b.R0.GetUpper(), b.R1.GetUpper(), b.R2.GetUpper(), b.R3.GetUpper());
        (Vector128<int> c0, Vector128<int> c1, Vector128<int> c2, Vector128<int> c3) =
            Transpose4(b.R4.GetLower(), b.R5.GetLower(), b.R6.GetLower(), b.R7.GetLower());
        (Vector128<int> d0, Vector128<int> d1, Vector128<int> d2, Vector128<int> d3) =
            Transpose4(b.R4.GetUpper(), b.R5.GetUpper(), b.R6.GetUpper(), b.R7.GetUpper());
        b.R0 = Vector256.Create(a0, c0);
        b.R1 = Vector256.Create(a1, c1);
        b.R2 = Vector256.Create(a2, c2);
        b.R3 = Vector256.Create(a3, c3);
        b.R4 = Vector256.Create(b0, d0);
        b.R5 = Vector256.Create(b1, d1);
        b.R6 = Vector256.Create(b2, d2);
        b.R7 = Vector256.Create(b3, d3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<int> Row0, Vector128<int> Row1, Vector128<int> Row2, Vector128<int> Row3) Transpose4(
        Vector128<int> r0, Vector128<int> r1, Vector128<int> r2, Vector128<int> r3)
    {
        Vector128<long> low01 = ZipLow(r0, r1).AsInt64();
        Vector128<long> low23 = ZipLow(r2, r3).AsInt64();
        Vector128<long> high01 = ZipHigh(r0, r1).AsInt64();
        Vector128<long> high23 = ZipHigh(r2, r3).AsInt64();
        return (
            Vector128.Create(low01.GetLower(), low23.GetLower()).AsInt32(),
            Vector128.Create(low01.GetUpper(), low23.GetUpper()).AsInt32(),
            Vector128.Create(high01.GetLower(), high23.GetLower()).AsInt32(),
            Vector128.Create(high01.GetUpper(), high23.GetUpper()).AsInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> ZipLow(Vector128<int> a, Vector128<int> b)
    {
        if (Sse2.IsSupported)
            return Sse2.UnpackLow(a, b);
        return AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b) : Vector128.Create(a[0], b[0], a[1], b[1]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> ZipHigh(Vector128<int> a, Vector128<int> b)
    {
        if (Sse2.IsSupported)
            return Sse2.UnpackHigh(a, b);
        return AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b) : Vector128.Create(a[2], b[2], a[3], b[3]);
    }

    /// <summary>Eight rows of eight values.</summary>
    private struct Block
    {
        public Vector256<int> R0;
        public Vector256<int> R1;
        public Vector256<int> R2;
        public Vector256<int> R3;
        public Vector256<int> R4;
        public Vector256<int> R5;
        public Vector256<int> R6;
        public Vector256<int> R7;
    }
}
