using System.Buffers.Binary;
using System.Numerics;

namespace PaliSharp.Imaging.Codecs.Bmp;

/// <summary>Decodes Windows and OS/2 bitmaps: 1 to 32 bits, palettes, bit fields, run lengths, both row orders.</summary>
internal sealed class BmpDecoder : IImageDecoder
{
    public bool Matches(ReadOnlySpan<byte> data) => data.StartsWith("BM"u8);

    public ImageInfo Identify(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        BmpHeader header = BmpHeader.Parse(data.Span);
        ImageLimits.CheckSize("BMP", header.Width, header.Height, ImageLimits.Unlimited);
        return new ImageInfo(ImageFormat.Bmp, (int)header.Width, (int)header.Height, Orientation: 1);
    }

    public Image Decode(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        BmpHeader header = BmpHeader.Parse(data.Span);
        ImageLimits.CheckSize("BMP", header.Width, header.Height, options);
        if (header.PixelPosition > data.Length)
        {
            throw new ImageFormatException(
                $"The pixels of the BMP file start at byte {header.PixelPosition}, but the file has {data.Length} bytes.");
        }

        (int width, int height) = ((int)header.Width, (int)header.Height);
        ReadOnlySpan<byte> rows = data.Span[(int)header.PixelPosition..];
        long stride = (((header.Width * header.Bits) + 31) / 32) * 4;
        int bits = header.Bits;
        if (header.Compression is BmpCompression.Rle8 or BmpCompression.Rle4)
        {
            ImageLimits.CheckWorkingMemory("BMP", (long)width * height, options);
            byte[] indices = new byte[width * height];
            BmpRunLength.Decode(rows, header.Compression == BmpCompression.Rle4, indices, width);
            rows = indices;
            stride = width;
            bits = 8;
        }

        // The last row may lack its padding.
        long needed = (stride * (height - 1)) + (((header.Width * bits) + 7) / 8);
        if (rows.Length < needed)
        {
            throw new ImageFormatException(
                $"The BMP file has {rows.Length} bytes of pixels; {width}x{height} pixels of {bits} bits need {needed}: it is truncated.");
        }

        int channels = header.Masks[3] != 0 ? 4 : 3;
        byte[] pixels = GC.AllocateUninitializedArray<byte>(ImageLimits.ByteCount(width, height, channels));
        var fields = new Fields(header.Masks);
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<byte> row = rows[(int)(y * stride)..];
            int line = header.TopDown ? y : height - 1 - y;
            Span<byte> target = pixels.AsSpan(line * width * channels, width * channels);
            switch (bits)
            {
                case <= 8:
                    ExpandPalette(row, bits, header.Palette, target);
                    break;
                case 24:
                    for (int i = 0; i < target.Length; i += 3)
                        (target[i], target[i + 1], target[i + 2]) = (row[i + 2], row[i + 1], row[i]);
                    break;
                default:
                    fields.Expand(row, bits, target, channels);
                    break;
            }
        }

        return new Image(width, height, channels, pixels, ImageMetadata.ForPixels(width, height) with { Format = ImageFormat.Bmp });
    }

    private static void ExpandPalette(ReadOnlySpan<byte> row, int bits, ReadOnlySpan<byte> palette, Span<byte> target)
    {
        int perByte = 8 / bits;
        int mask = (1 << bits) - 1;
        for (int x = 0, to = 0; to < target.Length; x++, to += 3)
        {
            int index = (row[x / perByte] >> (8 - bits - (x % perByte * bits))) & mask;
            palette.Slice(index * 3, 3).CopyTo(target[to..]);
        }
    }

    /// <summary>The samples of a pixel that are runs of its bits.</summary>
    private readonly struct Fields(uint[] masks)
    {
        private readonly int[] _shifts = Array.ConvertAll(masks, BitOperations.TrailingZeroCount);
        private readonly uint[] _largest = Array.ConvertAll(masks, mask => mask == 0 ? 1 : mask >> BitOperations.TrailingZeroCount(mask));

        public void Expand(ReadOnlySpan<byte> row, int bits, Span<byte> target, int channels)
        {
            int bytes = bits / 8;
            for (int from = 0, to = 0; to < target.Length; from += bytes, to += channels)
            {
                uint pixel = bits == 16 ? BinaryPrimitives.ReadUInt16LittleEndian(row[from..]) : BinaryPrimitives.ReadUInt32LittleEndian(row[from..]);
                for (int c = 0; c < channels; c++)
                    target[to + c] = (byte)(((pixel & masks[c]) >> _shifts[c]) * 255 / _largest[c]);
            }
        }
    }
}
