namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>The reversible transforms of lossless WebP.</summary>
internal enum LosslessTransformKind
{
    Predictor = 0,
    CrossColor = 1,
    SubtractGreen = 2,
    ColorIndexing = 3,
}

/// <summary>One transform with its data.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Bits">The logarithm of the block size, or of the pixels packed in one.</param>
/// <param name="Width">The columns of the picture after the inverse.</param>
/// <param name="Data">Parameters of the blocks, or the palette.</param>
internal sealed record LosslessTransform(LosslessTransformKind Kind, int Bits, int Width, uint[] Data)
{
    private const uint Opaque = 0xFF000000;

    /// <summary>Undoes the transform.</summary>
    /// <returns>The pixels: the same array, or a wider one after unpacking indices.</returns>
    public uint[] Invert(uint[] pixels, int height)
    {
        switch (Kind)
        {
            case LosslessTransformKind.Predictor:
                InvertPredictor(pixels, height);
                return pixels;
            case LosslessTransformKind.CrossColor:
                InvertCrossColor(pixels, height);
                return pixels;
            case LosslessTransformKind.SubtractGreen:
                for (int i = 0; i < pixels.Length; i++)
                {
                    uint green = (pixels[i] >> 8) & 255;
                    pixels[i] = Add(pixels[i], (green << 16) | green);
                }

                return pixels;
            default:
                return LookUpColors(pixels, height);
        }
    }

    /// <summary>Adds each of the four bytes, wrapping.</summary>
    public static uint Add(uint a, uint b) =>
        (((a & 0xFF00FF00) + (b & 0xFF00FF00)) & 0xFF00FF00) | (((a & 0x00FF00FF) + (b & 0x00FF00FF)) & 0x00FF00FF);

    private static uint Average(uint a, uint b) => (((a ^ b) & 0xFEFEFEFE) >> 1) + (a & b);

    private static int Distance(uint a, uint b, int shift) => Math.Abs((int)((a >> shift) & 255) - (int)((b >> shift) & 255));

    private static uint Select(uint left, uint top, uint topLeft)
    {
        int toLeft = 0;
        int toTop = 0;
        for (int shift = 0; shift < 32; shift += 8)
        {
            toLeft += Distance(top, topLeft, shift);
            toTop += Distance(left, topLeft, shift);
        }

        return toLeft < toTop ? left : top;
    }

    private static uint ClampedGradient(uint left, uint top, uint topLeft)
    {
        uint result = 0;
        for (int shift = 0; shift < 32; shift += 8)
        {
            int value = (int)((left >> shift) & 255) + (int)((top >> shift) & 255) - (int)((topLeft >> shift) & 255);
            result |= (uint)Math.Clamp(value, 0, 255) << shift;
        }

        return result;
    }

    private static uint ClampedHalf(uint average, uint topLeft)
    {
        uint result = 0;
        for (int shift = 0; shift < 32; shift += 8)
        {
            int a = (int)((average >> shift) & 255);
            int b = (int)((topLeft >> shift) & 255);
            result |= (uint)Math.Clamp(a + ((a - b) / 2), 0, 255) << shift;
        }

        return result;
    }

    private static uint Predict(int mode, uint left, uint top, uint topLeft, uint topRight) => mode switch
    {
        1 => left,
        2 => top,
        3 => topRight,
        4 => topLeft,
        5 => Average(Average(left, topRight), top),
        6 => Average(left, topLeft),
        7 => Average(left, top),
        8 => Average(topLeft, top),
        9 => Average(top, topRight),
        10 => Average(Average(left, topLeft), Average(top, topRight)),
        11 => Select(left, top, topLeft),
        12 => ClampedGradient(left, top, topLeft),
        13 => ClampedHalf(Average(left, top), topLeft),
        _ => Opaque,
    };

    private static int Delta(uint multiplier, uint color) => (sbyte)multiplier * (sbyte)color >> 5;

    private void InvertPredictor(uint[] pixels, int height)
    {
        int blocks = LosslessDecoder.Subsampled(Width, Bits);
        for (int x = 0; x < Width; x++)
            pixels[x] = Add(pixels[x], x == 0 ? Opaque : pixels[x - 1]);
        for (int y = 1; y < height; y++)
        {
            int at = y * Width;
            pixels[at] = Add(pixels[at], pixels[at - Width]);
            for (int x = 1; x < Width; x++)
            {
                int i = at + x;
                int mode = (int)(Data[((y >> Bits) * blocks) + (x >> Bits)] >> 8) & 15;

                // Beyond the last column the row above goes on with the first pixel of this row.
                pixels[i] = Add(pixels[i], Predict(mode, pixels[i - 1], pixels[i - Width], pixels[i - Width - 1], pixels[i - Width + 1]));
            }
        }
    }

    private void InvertCrossColor(uint[] pixels, int height)
    {
        int blocks = LosslessDecoder.Subsampled(Width, Bits);
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < Width; x++)
            {
                uint pixel = pixels[(y * Width) + x];
                uint multipliers = Data[((y >> Bits) * blocks) + (x >> Bits)];
                uint green = pixel >> 8;
                uint red = (pixel >> 16) + (uint)Delta(multipliers, green);
                uint blue = pixel + (uint)Delta(multipliers >> 8, green) + (uint)Delta(multipliers >> 16, red);
                pixels[(y * Width) + x] = (pixel & 0xFF00FF00) | ((red & 255) << 16) | (blue & 255);
            }
        }
    }

    private uint[] LookUpColors(uint[] pixels, int height)
    {
        int packedWidth = LosslessDecoder.Subsampled(Width, Bits);
        int bitsOfIndex = 8 >> Bits;
        uint mask = (1u << bitsOfIndex) - 1;
        uint[] result = Bits == 0 ? pixels : new uint[Width * height];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < Width; x++)
            {
                uint packed = pixels[(y * packedWidth) + (x >> Bits)] >> 8;
                uint index = (packed >> ((x & ((1 << Bits) - 1)) * bitsOfIndex)) & mask;

                // Colours beyond the palette are transparent black.
                result[(y * Width) + x] = index < Data.Length ? Data[index] : 0;
            }
        }

        return result;
    }
}
