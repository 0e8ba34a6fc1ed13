using System.Numerics;

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
                AddGreen(pixels);
                return pixels;
            default:
                return Bits == 0 ? LookUpColors(pixels) : UnpackColors(pixels, height);
        }
    }

    /// <summary>Adds each of the four bytes, wrapping.</summary>
    public static uint Add(uint a, uint b) =>
        (((a & 0xFF00FF00) + (b & 0xFF00FF00)) & 0xFF00FF00) | (((a & 0x00FF00FF) + (b & 0x00FF00FF)) & 0x00FF00FF);

    private static void AddGreen(Span<uint> pixels)
    {
        int i = 0;
        var mask = new Vector<uint>(255);
        for (; i <= pixels.Length - Vector<uint>.Count; i += Vector<uint>.Count)
        {
            var pixel = new Vector<uint>(pixels[i..]);
            Vector<uint> green = (pixel >> 8) & mask;
            Vector.AsVectorUInt32(Vector.AsVectorByte(pixel) + Vector.AsVectorByte(green | (green << 16))).CopyTo(pixels[i..]);
        }

        for (; i < pixels.Length; i++)
        {
            uint green = (pixels[i] >> 8) & 255;
            pixels[i] = Add(pixels[i], (green << 16) | green);
        }
    }

    private static int Delta(uint multiplier, uint color) => (sbyte)multiplier * (sbyte)color >> 5;

    private void InvertPredictor(uint[] pixels, int height)
    {
        int blocks = LosslessDecoder.Subsampled(Width, Bits);
        LosslessPredictors.AddLeft(LosslessPredictors.Opaque, pixels.AsSpan(0, Width));
        for (int y = 1; y < height; y++)
        {
            int at = y * Width;
            pixels[at] = Add(pixels[at], pixels[at - Width]);
            ReadOnlySpan<uint> modes = Data.AsSpan((y >> Bits) * blocks, blocks);
            for (int x = 1; x < Width;)
            {
                int end = Math.Min(Width, ((x >> Bits) + 1) << Bits);
                LosslessPredictors.Add((int)(modes[x >> Bits] >> 8) & 15, pixels, at + x, end - x, Width);
                x = end;
            }
        }
    }

    private void InvertCrossColor(uint[] pixels, int height)
    {
        int blocks = LosslessDecoder.Subsampled(Width, Bits);
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<uint> multipliers = Data.AsSpan((y >> Bits) * blocks, blocks);
            for (int block = 0; block < blocks; block++)
            {
                int start = block << Bits;
                AddCrossColor(pixels.AsSpan((y * Width) + start, Math.Min(1 << Bits, Width - start)), multipliers[block]);
            }
        }
    }

    private static void AddCrossColor(Span<uint> pixels, uint multipliers)
    {
        int i = 0;
        var greenToRed = new Vector<int>((sbyte)multipliers);
        var greenToBlue = new Vector<int>((sbyte)(multipliers >> 8));
        var redToBlue = new Vector<int>((sbyte)(multipliers >> 16));
        var low = new Vector<int>(255);
        for (; i <= pixels.Length - Vector<int>.Count; i += Vector<int>.Count)
        {
            // Channels as signed bytes: shifted to the top, then down with their sign.
            Vector<int> pixel = Vector.AsVectorInt32(new Vector<uint>(pixels[i..]));
            Vector<int> green = (pixel << 16) >> 24;
            Vector<int> red = (pixel >> 16) + ((greenToRed * green) >> 5);
            Vector<int> blue = pixel + ((greenToBlue * green) >> 5) + ((redToBlue * ((red << 24) >> 24)) >> 5);
            Vector<int> result = (pixel & ~(low | (low << 16))) | ((red & low) << 16) | (blue & low);
            Vector.AsVectorUInt32(result).CopyTo(pixels[i..]);
        }

        for (; i < pixels.Length; i++)
        {
            uint pixel = pixels[i];
            uint green = pixel >> 8;
            uint red = (pixel >> 16) + (uint)Delta(multipliers, green);
            uint blue = pixel + (uint)Delta(multipliers >> 8, green) + (uint)Delta(multipliers >> 16, red);
            pixels[i] = (pixel & 0xFF00FF00) | ((red & 255) << 16) | (blue & 255);
        }
    }

    private uint[] LookUpColors(uint[] pixels)
    {
        // Colours beyond the palette are transparent black.
        uint[] palette = new uint[256];
        Data.CopyTo(palette, 0);
        foreach (ref uint pixel in pixels.AsSpan())
            pixel = palette[(byte)(pixel >> 8)];
        return pixels;
    }

    private uint[] UnpackColors(uint[] pixels, int height)
    {
        int packedWidth = LosslessDecoder.Subsampled(Width, Bits);
        int bitsOfIndex = 8 >> Bits;
        uint mask = (1u << bitsOfIndex) - 1;
        uint[] palette = new uint[256];
        Data.CopyTo(palette, 0);
        uint[] result = GC.AllocateUninitializedArray<uint>(Width * height);
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<uint> source = pixels.AsSpan(y * packedWidth, packedWidth);
            Span<uint> row = result.AsSpan(y * Width, Width);
            uint packed = 0;
            for (int x = 0; x < row.Length; x++)
            {
                if ((x & ((1 << Bits) - 1)) == 0)
                    packed = source[x >> Bits] >> 8;
                row[x] = palette[(byte)(packed & mask)];
                packed >>= bitsOfIndex;
            }
        }

        return result;
    }
}
