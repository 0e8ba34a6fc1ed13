using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using PaliSharp.Imaging.Simd;

namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>Turns VP8 planes into RGB as libwebp does: chroma interpolated with weights 9:3:3:1, video range, fixed-point arithmetic.</summary>
internal sealed class Vp8ColorConverter
{
    private const int LumaScale = 19077;
    private const int RedOfRed = 26149;
    private const int GreenOfBlue = 6419;
    private const int GreenOfRed = 13320;
    private const int BlueOfBlue = 33050;
    private const int RedOffset = 14234;
    private const int GreenOffset = 8708;
    private const int BlueOffset = 17685;

    private readonly Vp8Plane[] _planes;
    private readonly int _width;
    private readonly int _height;
    private readonly byte[] _blue;
    private readonly byte[] _red;

    public Vp8ColorConverter(Vp8Plane[] planes, int width, int height)
    {
        _planes = planes;
        _width = width;
        _height = height;
        _blue = new byte[width + 1];
        _red = new byte[width + 1];
    }

    /// <summary>Writes one row: red, green, blue, and opaque alpha where there is room for it.</summary>
    /// <param name="y">The row.</param>
    /// <param name="pixels">The row of pixels.</param>
    /// <param name="channels">The bytes of a pixel, 3 or 4.</param>
    public void Convert(int y, Span<byte> pixels, int channels)
    {
        // Each row of luma lies between two rows of chroma, nearer to its own; at the picture's edge they are the same.
        int near = y / 2;
        int far = Math.Clamp((y & 1) == 0 ? near - 1 : near + 1, 0, ((_height + 1) / 2) - 1);
        Upsample(_planes[1], near, far, _blue);
        Upsample(_planes[2], near, far, _red);
        ReadOnlySpan<byte> luma = _planes[0].Samples.AsSpan(_planes[0].At(0, y), _width);
        int x = Avx2.IsSupported ? ConvertAvx2(luma, _blue.AsSpan(0, _width), _red.AsSpan(0, _width), pixels, channels) : 0;
        for (int to = x * channels; x < luma.Length; x++, to += channels)
        {
            int scaled = (luma[x] * LumaScale) >> 8;
            int u = _blue[x];
            int v = _red[x];
            pixels[to] = Clip(scaled + ((v * RedOfRed) >> 8) - RedOffset);
            pixels[to + 1] = Clip(scaled - ((u * GreenOfBlue) >> 8) - ((v * GreenOfRed) >> 8) + GreenOffset);
            pixels[to + 2] = Clip(scaled + ((u * BlueOfBlue) >> 8) - BlueOffset);
            if (channels == 4)
                pixels[to + 3] = 255;
        }
    }

    private static byte Clip(int value) => (byte)Math.Clamp(value >> 6, 0, 255);

    /// <summary>Converts whole groups of 16 pixels.</summary>
    /// <returns>The number of pixels converted.</returns>
    private static int ConvertAvx2(ReadOnlySpan<byte> luma, ReadOnlySpan<byte> blues, ReadOnlySpan<byte> reds, Span<byte> pixels, int channels)
    {
        int x = 0;
        for (; x <= luma.Length - 16; x += 16)
        {
            // Samples times 256, of whose products the upper halves are the products shifted by 8.
            Vector256<ushort> y = Avx2.ConvertToVector256Int16(Vector128.Create(luma.Slice(x, 16))).AsUInt16() << 8;
            Vector256<ushort> u = Avx2.ConvertToVector256Int16(Vector128.Create(blues.Slice(x, 16))).AsUInt16() << 8;
            Vector256<ushort> v = Avx2.ConvertToVector256Int16(Vector128.Create(reds.Slice(x, 16))).AsUInt16() << 8;
            Vector256<ushort> scaled = Avx2.MultiplyHigh(y, Vector256.Create((ushort)LumaScale));
            Vector256<short> red = (scaled + Avx2.MultiplyHigh(v, Vector256.Create((ushort)RedOfRed))).AsInt16() - Vector256.Create((short)RedOffset);
            Vector256<ushort> ofGreen = Avx2.MultiplyHigh(u, Vector256.Create((ushort)GreenOfBlue)) + Avx2.MultiplyHigh(v, Vector256.Create((ushort)GreenOfRed));
            Vector256<short> green = (scaled - ofGreen).AsInt16() + Vector256.Create((short)GreenOffset);

            // Blue may exceed the signed range: unsigned, and zero instead of less.
            Vector256<ushort> blue = scaled + Avx2.MultiplyHigh(u, Vector256.Create((ushort)BlueOfBlue));
            blue = Avx2.SubtractSaturate(blue, Vector256.Create((ushort)BlueOffset)) >> 6;
            Vector256<byte> redGreen = Avx2.Permute4x64(Avx2.PackUnsignedSaturate(red >> 6, green >> 6).AsInt64(), 0b11_01_10_00).AsByte();
            Vector256<byte> blueTwice = Avx2.Permute4x64(Avx2.PackUnsignedSaturate(blue.AsInt16(), blue.AsInt16()).AsInt64(), 0b11_01_10_00).AsByte();
            if (channels == 3)
                Interleaving.Rgb(redGreen.GetLower(), redGreen.GetUpper(), blueTwice.GetLower(), pixels.Slice(x * 3, 48));
            else
                Interleaving.Rgba(redGreen.GetLower(), redGreen.GetUpper(), blueTwice.GetLower(), pixels.Slice(x * 4, 64));
        }

        return x;
    }

    private void Upsample(Vp8Plane plane, int near, int far, Span<byte> output)
    {
        int count = (_width + 1) / 2;
        ReadOnlySpan<byte> nearRow = plane.Samples.AsSpan(plane.At(0, near), count);
        ReadOnlySpan<byte> farRow = plane.Samples.AsSpan(plane.At(0, far), count);
        output[0] = (byte)(((3 * nearRow[0]) + farRow[0] + 2) >> 2);
        int i = 1;
        Vector256<ushort> eight = Vector256.Create((ushort)8);
        for (; BitConverter.IsLittleEndian && i <= count - 16; i += 16)
        {
            Vector256<ushort> a = Wide(nearRow[(i - 1)..]);
            Vector256<ushort> b = Wide(nearRow[i..]);
            Vector256<ushort> c = Wide(farRow[(i - 1)..]);
            Vector256<ushort> d = Wide(farRow[i..]);
            Vector256<ushort> bc = b + c;
            Vector256<ushort> ad = a + d;
            Vector256<ushort> sum = bc + ad + eight;
            Vector256<ushort> rising = (((sum + bc + bc) >> 3) + a) >> 1;
            Vector256<ushort> falling = (((sum + ad + ad) >> 3) + b) >> 1;
            (rising | (falling << 8)).AsByte().CopyTo(output[((2 * i) - 1)..]);
        }

        for (; i < count; i++)
        {
            // Two roundings, as the reference does it in order to share sums.
            int sum = nearRow[i - 1] + nearRow[i] + farRow[i - 1] + farRow[i] + 8;
            int rising = (sum + (2 * (nearRow[i] + farRow[i - 1]))) >> 3;
            int falling = (sum + (2 * (nearRow[i - 1] + farRow[i]))) >> 3;
            output[(2 * i) - 1] = (byte)((rising + nearRow[i - 1]) >> 1);
            output[2 * i] = (byte)((falling + nearRow[i]) >> 1);
        }

        if ((_width & 1) == 0)
            output[_width - 1] = (byte)(((3 * nearRow[count - 1]) + farRow[count - 1] + 2) >> 2);
    }

    private static Vector256<ushort> Wide(ReadOnlySpan<byte> samples) => Vector256.WidenLower(Vector128.Create(samples).ToVector256Unsafe());
}
