using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace PaliSharp.Imaging.Simd;

/// <summary>Interleaves the bytes of vectors.</summary>
internal static class Interleaving
{
    /// <summary>The lower halves: a0 b0 a1 b1 and so on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Low(Vector128<byte> a, Vector128<byte> b)
    {
        if (Sse2.IsSupported)
            return Sse2.UnpackLow(a, b);
        if (AdvSimd.Arm64.IsSupported)
            return AdvSimd.Arm64.ZipLow(a, b);
        return Merge(Vector128.WidenLower(a), Vector128.WidenLower(b));
    }

    /// <summary>The upper halves: a8 b8 a9 b9 and so on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> High(Vector128<byte> a, Vector128<byte> b)
    {
        if (Sse2.IsSupported)
            return Sse2.UnpackHigh(a, b);
        if (AdvSimd.Arm64.IsSupported)
            return AdvSimd.Arm64.ZipHigh(a, b);
        return Merge(Vector128.WidenUpper(a), Vector128.WidenUpper(b));
    }

    /// <summary>Sixteen pixels of three planes.</summary>
    /// <param name="red">The red samples.</param>
    /// <param name="green">The green samples.</param>
    /// <param name="blue">The blue samples.</param>
    /// <param name="rgb">Receives 48 bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Rgb(Vector128<byte> red, Vector128<byte> green, Vector128<byte> blue, Span<byte> rgb)
    {
        // Indices beyond 15 give zero.
        Vector128<byte> first =
            Vector128.Shuffle(red, Vector128.Create((byte)0, 255, 255, 1, 255, 255, 2, 255, 255, 3, 255, 255, 4, 255, 255, 5))
            | Vector128.Shuffle(green, Vector128.Create((byte)255, 0, 255, 255, 1, 255, 255, 2, 255, 255, 3, 255, 255, 4, 255, 255))
            | Vector128.Shuffle(blue, Vector128.Create((byte)255, 255, 0, 255, 255, 1, 255, 255, 2, 255, 255, 3, 255, 255, 4, 255));
        Vector128<byte> second =
            Vector128.Shuffle(red, Vector128.Create((byte)255, 255, 6, 255, 255, 7, 255, 255, 8, 255, 255, 9, 255, 255, 10, 255))
            | Vector128.Shuffle(green, Vector128.Create((byte)5, 255, 255, 6, 255, 255, 7, 255, 255, 8, 255, 255, 9, 255, 255, 10))
            | Vector128.Shuffle(blue, Vector128.Create((byte)255, 5, 255, 255, 6, 255, 255, 7, 255, 255, 8, 255, 255, 9, 255, 255));
        Vector128<byte> third =
            Vector128.Shuffle(red, Vector128.Create((byte)255, 11, 255, 255, 12, 255, 255, 13, 255, 255, 14, 255, 255, 15, 255, 255))
            | Vector128.Shuffle(green, Vector128.Create((byte)255, 255, 11, 255, 255, 12, 255, 255, 13, 255, 255, 14, 255, 255, 15, 255))
            | Vector128.Shuffle(blue, Vector128.Create((byte)10, 255, 255, 11, 255, 255, 12, 255, 255, 13, 255, 255, 14, 255, 255, 15));
        first.CopyTo(rgb);
        second.CopyTo(rgb[16..]);
        third.CopyTo(rgb[32..]);
    }

    /// <summary>Sixteen opaque pixels of three planes.</summary>
    /// <param name="red">The red samples.</param>
    /// <param name="green">The green samples.</param>
    /// <param name="blue">The blue samples.</param>
    /// <param name="rgba">Receives 64 bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Rgba(Vector128<byte> red, Vector128<byte> green, Vector128<byte> blue, Span<byte> rgba)
    {
        // Red and blue interleaved, green and alpha interleaved, then both: red green blue alpha.
        Vector128<byte> redBlue = Low(red, blue);
        Vector128<byte> greenAlpha = Low(green, Vector128<byte>.AllBitsSet);
        Low(redBlue, greenAlpha).CopyTo(rgba);
        High(redBlue, greenAlpha).CopyTo(rgba[16..]);
        redBlue = High(red, blue);
        greenAlpha = High(green, Vector128<byte>.AllBitsSet);
        Low(redBlue, greenAlpha).CopyTo(rgba[32..]);
        High(redBlue, greenAlpha).CopyTo(rgba[48..]);
    }

    private static Vector128<byte> Merge(Vector128<ushort> a, Vector128<ushort> b) =>
        (BitConverter.IsLittleEndian ? a | (b << 8) : (a << 8) | b).AsByte();
}
