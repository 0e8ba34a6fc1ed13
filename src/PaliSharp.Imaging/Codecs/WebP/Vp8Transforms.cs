using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using System.Buffers.Binary;

namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>The inverse transforms of VP8.</summary>
internal static class Vp8Transforms
{
    /// <summary>The inverse Walsh-Hadamard transform: 16 values to the DC coefficients of 16 blocks.</summary>
    public static void InverseHadamard(ReadOnlySpan<short> input, Span<short> blocks)
    {
        Span<int> between = stackalloc int[16];
        for (int i = 0; i < 4; i++)
        {
            int outer = input[i] + input[12 + i];
            int inner = input[4 + i] + input[8 + i];
            int innerDifference = input[4 + i] - input[8 + i];
            int outerDifference = input[i] - input[12 + i];
            between[i] = outer + inner;
            between[4 + i] = outerDifference + innerDifference;
            between[8 + i] = outer - inner;
            between[12 + i] = outerDifference - innerDifference;
        }

        for (int i = 0; i < 4; i++)
        {
            ReadOnlySpan<int> row = between.Slice(i * 4, 4);
            int outer = row[0] + 3 + row[3];
            int inner = row[1] + row[2];
            int innerDifference = row[1] - row[2];
            int outerDifference = row[0] + 3 - row[3];
            Span<short> output = blocks[(i * 64)..];
            output[0] = (short)((outer + inner) >> 3);
            output[16] = (short)((outerDifference + innerDifference) >> 3);
            output[32] = (short)((outer - inner) >> 3);
            output[48] = (short)((outerDifference - innerDifference) >> 3);
        }
    }

    /// <summary>Adds the inverse transform of a block to 4×4 samples.</summary>
    public static void AddInverse(ReadOnlySpan<short> block, Span<byte> samples, int stride)
    {
        (Vector128<int> r0, Vector128<int> r1) = Vector128.Widen(Vector128.Create(block[..8]));
        (Vector128<int> r2, Vector128<int> r3) = Vector128.Widen(Vector128.Create(block.Slice(8, 8)));
        Pass(ref r0, ref r1, ref r2, ref r3, Vector128<int>.Zero);
        Transpose(ref r0, ref r1, ref r2, ref r3);
        Pass(ref r0, ref r1, ref r2, ref r3, Vector128.Create(4));
        Transpose(ref r0, ref r1, ref r2, ref r3);
        AddRow(r0 >> 3, samples);
        AddRow(r1 >> 3, samples[stride..]);
        AddRow(r2 >> 3, samples[(2 * stride)..]);
        AddRow(r3 >> 3, samples[(3 * stride)..]);
    }

    /// <summary>The same for a block that has only a DC coefficient.</summary>
    public static void AddInverseDc(int dc, Span<byte> samples, int stride)
    {
        Vector128<int> level = Vector128.Create((dc + 4) >> 3);
        for (int row = 0; row < 4; row++)
            AddRow(level, samples[(row * stride)..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pass(ref Vector128<int> r0, ref Vector128<int> r1, ref Vector128<int> r2, ref Vector128<int> r3, Vector128<int> rounding)
    {
        Vector128<int> first = r0 + rounding;
        Vector128<int> sum = first + r2;
        Vector128<int> difference = first - r2;
        Vector128<int> c = Sine(r1) - Cosine(r3);
        Vector128<int> d = Cosine(r1) + Sine(r3);
        r0 = sum + d;
        r1 = difference + c;
        r2 = difference - c;
        r3 = sum - d;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(ref Vector128<int> r0, ref Vector128<int> r1, ref Vector128<int> r2, ref Vector128<int> r3)
    {
        Vector128<long> a = Low(r0, r1).AsInt64();
        Vector128<long> b = Low(r2, r3).AsInt64();
        Vector128<long> c = High(r0, r1).AsInt64();
        Vector128<long> d = High(r2, r3).AsInt64();
        r0 = Vector128.Create(a.GetLower(), b.GetLower()).AsInt32();
        r1 = Vector128.Create(a.GetUpper(), b.GetUpper()).AsInt32();
        r2 = Vector128.Create(c.GetLower(), d.GetLower()).AsInt32();
        r3 = Vector128.Create(c.GetUpper(), d.GetUpper()).AsInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Low(Vector128<int> a, Vector128<int> b)
    {
        if (Sse2.IsSupported)
            return Sse2.UnpackLow(a, b);
        return AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b) : Vector128.Create(a[0], b[0], a[1], b[1]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> High(Vector128<int> a, Vector128<int> b)
    {
        if (Sse2.IsSupported)
            return Sse2.UnpackHigh(a, b);
        return AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b) : Vector128.Create(a[2], b[2], a[3], b[3]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddRow(Vector128<int> residuals, Span<byte> row)
    {
        Vector128<byte> four = Vector128.CreateScalar(BinaryPrimitives.ReadUInt32LittleEndian(row)).AsByte();
        Vector128<int> sum = Vector128.WidenLower(Vector128.WidenLower(four)).AsInt32() + residuals;
        Vector128<int> clamped = Vector128.Min(Vector128.Max(sum, Vector128<int>.Zero), Vector128.Create(255));
        Vector128<ushort> narrow = Vector128.Narrow(clamped, clamped).AsUInt16();
        BinaryPrimitives.WriteUInt32LittleEndian(row, Vector128.Narrow(narrow, narrow).AsUInt32().ToScalar());
    }

    // √2 · cos(π/8) and √2 · sin(π/8) in 16 bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Cosine(Vector128<int> value) => ((value * 20091) >> 16) + value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Sine(Vector128<int> value) => (value * 35468) >> 16;
}
