using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using PaliSharp.Imaging.Simd;

namespace PaliSharp.Imaging.Codecs.Jpeg;

/// <summary>Turns rows of components into RGB, with the 16-bit fixed-point arithmetic of libjpeg and Pillow's rule for CMYK.</summary>
internal static class JpegColorConverter
{
    // 1.402, 1.772, 0.71414 and 0.34414 times 65536, rounded.
    private const int CrToRed = 91881;
    private const int CbToBlue = 116130;
    private const int CrToGreen = 46802;
    private const int CbToGreen = 22554;
    private const int Half = 1 << 15;

    /// <summary>Repeats grey.</summary>
    public static void Gray(ReadOnlySpan<byte> gray, Span<byte> rgb)
    {
        int x = 0;
        for (; x <= (rgb.Length / 3) - 16; x += 16)
        {
            Vector128<byte> values = Vector128.Create(gray.Slice(x, 16));
            Interleaving.Rgb(values, values, values, rgb.Slice(x * 3, 48));
        }

        for (int to = x * 3; to < rgb.Length; x++, to += 3)
        {
            byte value = gray[x];
            (rgb[to], rgb[to + 1], rgb[to + 2]) = (value, value, value);
        }
    }

    /// <summary>Interleaves three planes.</summary>
    public static void Rgb(ReadOnlySpan<byte> red, ReadOnlySpan<byte> green, ReadOnlySpan<byte> blue, Span<byte> rgb)
    {
        int x = 0;
        for (; x <= (rgb.Length / 3) - 16; x += 16)
            Interleaving.Rgb(Vector128.Create(red.Slice(x, 16)), Vector128.Create(green.Slice(x, 16)), Vector128.Create(blue.Slice(x, 16)), rgb.Slice(x * 3, 48));
        for (int to = x * 3; to < rgb.Length; x++, to += 3)
            (rgb[to], rgb[to + 1], rgb[to + 2]) = (red[x], green[x], blue[x]);
    }

    /// <summary>Converts luminance and chrominance.</summary>
    public static void YCbCr(ReadOnlySpan<byte> luma, ReadOnlySpan<byte> cb, ReadOnlySpan<byte> cr, Span<byte> rgb)
    {
        int width = rgb.Length / 3;
        int x = Avx2.IsSupported ? YCbCrAvx2(luma[..width], cb[..width], cr[..width], rgb) : 0;
        for (; x <= width - 16; x += 16)
        {
            Vector128<byte> ys = Vector128.Create(luma.Slice(x, 16));
            Vector128<byte> bs = Vector128.Create(cb.Slice(x, 16));
            Vector128<byte> rs = Vector128.Create(cr.Slice(x, 16));
            (Vector128<ushort> y0, Vector128<ushort> y1) = Vector128.Widen(ys);
            (Vector128<ushort> b0, Vector128<ushort> b1) = Vector128.Widen(bs);
            (Vector128<ushort> r0, Vector128<ushort> r1) = Vector128.Widen(rs);
            (Vector128<short> redLow, Vector128<short> greenLow, Vector128<short> blueLow) = Convert(y0, b0, r0);
            (Vector128<short> redHigh, Vector128<short> greenHigh, Vector128<short> blueHigh) = Convert(y1, b1, r1);
            Interleaving.Rgb(Pack(redLow, redHigh), Pack(greenLow, greenHigh), Pack(blueLow, blueHigh), rgb.Slice(x * 3, 48));
        }

        for (int to = x * 3; x < width; x++, to += 3)
        {
            int y = luma[x];
            int b = cb[x] - 128;
            int r = cr[x] - 128;
            rgb[to] = Clamp(y + (((CrToRed * r) + Half) >> 16));
            rgb[to + 1] = Clamp(y + (((-CbToGreen * b) - (CrToGreen * r) + Half) >> 16));
            rgb[to + 2] = Clamp(y + (((CbToBlue * b) + Half) >> 16));
        }
    }

    /// <summary>Inverts every sample.</summary>
    public static void Invert(Span<byte> samples)
    {
        foreach (ref byte sample in samples)
            sample = (byte)~sample;
    }

    /// <summary>Multiplies the colours of inverted CMYK by its inverted black, in place of the RGB they were written to.</summary>
    public static void ApplyBlack(ReadOnlySpan<byte> invertedBlack, Span<byte> rgb)
    {
        for (int x = 0, to = 0; to < rgb.Length; x++, to += 3)
        {
            int white = invertedBlack[x];
            for (int c = 0; c < 3; c++)
            {
                int product = ((255 - rgb[to + c]) * white) + 128;
                rgb[to + c] = Clamp(white - ((product + (product >> 8)) >> 8));
            }
        }
    }

    /// <summary>Converts whole groups of 16 pixels in 16-bit arithmetic.</summary>
    /// <returns>The number of pixels converted.</returns>
    private static int YCbCrAvx2(ReadOnlySpan<byte> luma, ReadOnlySpan<byte> cb, ReadOnlySpan<byte> cr, Span<byte> rgb)
    {
        Vector256<short> centre = Vector256.Create((short)128);
        Vector256<short> one = Vector256.Create((short)1);

        // Factors that do not fit in 16 bits are split: the whole part is added as it is.
        Vector256<short> toRed = Vector256.Create((short)(CrToRed - 65536));
        Vector256<short> toBlue = Vector256.Create((short)(CbToBlue - (2 * 65536)));
        Vector256<short> toGreen = Vector256.Create((-CbToGreen & 0xFFFF) | ((65536 - CrToGreen) << 16)).AsInt16();
        Vector256<int> half = Vector256.Create(Half);
        int x = 0;
        for (; x <= luma.Length - 16; x += 16)
        {
            Vector256<short> y = Avx2.ConvertToVector256Int16(Vector128.Create(luma.Slice(x, 16)));
            Vector256<short> b = Avx2.ConvertToVector256Int16(Vector128.Create(cb.Slice(x, 16))) - centre;
            Vector256<short> r = Avx2.ConvertToVector256Int16(Vector128.Create(cr.Slice(x, 16))) - centre;

            // The high half of twice the product, plus one, halved, is the rounded product.
            Vector256<short> red = y + r + ((Avx2.MultiplyHigh(r + r, toRed) + one) >> 1);
            Vector256<short> blue = y + b + b + ((Avx2.MultiplyHigh(b + b, toBlue) + one) >> 1);
            Vector256<int> low = (Avx2.MultiplyAddAdjacent(Avx2.UnpackLow(b, r), toGreen) + half) >> 16;
            Vector256<int> high = (Avx2.MultiplyAddAdjacent(Avx2.UnpackHigh(b, r), toGreen) + half) >> 16;
            Vector256<short> green = y + Avx2.PackSignedSaturate(low, high) - r;
            Vector256<byte> redGreen = Avx2.Permute4x64(Avx2.PackUnsignedSaturate(red, green).AsInt64(), 0b11_01_10_00).AsByte();
            Vector256<byte> blues = Avx2.Permute4x64(Avx2.PackUnsignedSaturate(blue, blue).AsInt64(), 0b11_01_10_00).AsByte();
            Interleaving.Rgb(redGreen.GetLower(), redGreen.GetUpper(), blues.GetLower(), rgb.Slice(x * 3, 48));
        }

        return x;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<short> Red, Vector128<short> Green, Vector128<short> Blue) Convert(
        Vector128<ushort> luma, Vector128<ushort> cb, Vector128<ushort> cr)
    {
        Vector128<short> centred = Vector128.Create((short)128);
        (Vector128<int> b0, Vector128<int> b1) = Vector128.Widen(cb.AsInt16() - centred);
        (Vector128<int> r0, Vector128<int> r1) = Vector128.Widen(cr.AsInt16() - centred);
        Vector128<int> half = Vector128.Create(Half);
        Vector128<short> y = luma.AsInt16();
        Vector128<short> red = y + Vector128.Narrow(((r0 * CrToRed) + half) >> 16, ((r1 * CrToRed) + half) >> 16);
        Vector128<short> green = y + Vector128.Narrow(
            ((b0 * -CbToGreen) - (r0 * CrToGreen) + half) >> 16, ((b1 * -CbToGreen) - (r1 * CrToGreen) + half) >> 16);
        Vector128<short> blue = y + Vector128.Narrow(((b0 * CbToBlue) + half) >> 16, ((b1 * CbToBlue) + half) >> 16);
        return (red, green, blue);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Pack(Vector128<short> low, Vector128<short> high)
    {
        Vector128<short> zero = Vector128<short>.Zero;
        Vector128<short> top = Vector128.Create((short)255);
        return Vector128.Narrow(
            Vector128.Min(Vector128.Max(low, zero), top).AsUInt16(), Vector128.Min(Vector128.Max(high, zero), top).AsUInt16());
    }

    private static byte Clamp(int value) => (byte)Math.Clamp(value, 0, 255);
}
