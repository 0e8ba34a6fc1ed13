using System.Buffers.Binary;

namespace PaliSharp.Imaging.Codecs.Tga;

/// <summary>Decodes Truevision TGA: palette, colour and grey, raw and run-length coded.</summary>
internal sealed class TgaDecoder : IImageDecoder
{
    private const int HeaderBytes = 18;

    /// <summary>The format has no signature: the fields of the header must make sense together.</summary>
    public bool Matches(ReadOnlySpan<byte> data)
    {
        if (data.Length < HeaderBytes)
            return false;
        int kind = data[2] & 7;
        bool known = data[2] is 1 or 2 or 3 or 9 or 10 or 11;
        bool depth = kind switch
        {
            1 => data[16] == 8 && data[1] == 1 && data[7] is 16 or 24 or 32,
            2 => data[16] is 16 or 24 or 32 && data[1] <= 1,
            _ => data[16] is 1 or 8 or 16 && data[1] == 0,
        };
        (int width, int height) = Size(data);
        return known && depth && (data[17] & 0xC0) == 0 && width > 0 && height > 0;
    }

    public ImageInfo Identify(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        (int width, int height) = Size(data.Span);
        return new ImageInfo(ImageFormat.Tga, width, height, Orientation: 1);
    }

    public Image Decode(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        ReadOnlySpan<byte> source = data.Span;
        (int width, int height) = Size(source);
        ImageLimits.CheckSize("TGA", width, height, options);
        int kind = source[2] & 7;
        int bits = source[16];
        int position = HeaderBytes + source[0];
        byte[] palette = source[1] == 1 ? ReadPalette(source, ref position, kind == 1) : [];
        ReadOnlySpan<byte> stored = position < source.Length ? source[position..] : [];
        long rowBytes = (((long)width * bits) + 7) / 8;
        bool packed = (source[2] & 8) != 0;

        // A run of two or more bytes gives at most 128 pixels.
        int pixelBytes = Math.Max(bits / 8, 1);
        long largest = packed ? stored.Length * 128L * pixelBytes : stored.Length;
        if (largest < rowBytes * height)
            throw Truncated();
        var runs = new TgaRunLength(stored, pixelBytes);
        byte[] unpacked = packed ? new byte[rowBytes] : [];

        bool hasAlpha = (kind == 2 && bits == 32) || (kind == 3 && bits == 16);
        int channels = hasAlpha ? 4 : 3;
        byte[] pixels = GC.AllocateUninitializedArray<byte>(ImageLimits.ByteCount(width, height, channels));
        bool topDown = (source[17] & 0x20) != 0;
        bool rightToLeft = (source[17] & 0x10) != 0;
        for (int y = 0; y < height; y++)
        {
            if (packed && !runs.TryRead(unpacked))
                throw Truncated();
            ReadOnlySpan<byte> row = packed ? unpacked : stored.Slice((int)(y * rowBytes), (int)rowBytes);
            int line = topDown ? y : height - 1 - y;
            Span<byte> target = pixels.AsSpan(line * width * channels, width * channels);
            for (int x = 0; x < width; x++)
                ReadPixel(row, x, kind, bits, palette, target.Slice((rightToLeft ? width - 1 - x : x) * channels, channels));
        }

        return new Image(width, height, channels, pixels, ImageMetadata.ForPixels(width, height) with { Format = ImageFormat.Tga });
    }

    private static ImageFormatException Truncated() => new("The TGA file ends before its picture: it is truncated.");

    private static (int Width, int Height) Size(ReadOnlySpan<byte> data) =>
        (BinaryPrimitives.ReadUInt16LittleEndian(data[12..]), BinaryPrimitives.ReadUInt16LittleEndian(data[14..]));

    private static void ReadPixel(ReadOnlySpan<byte> row, int x, int kind, int bits, ReadOnlySpan<byte> palette, Span<byte> pixel)
    {
        switch (kind, bits)
        {
            case (1, _):
                palette.Slice(row[x] * 3, 3).CopyTo(pixel);
                break;
            case (2, 16):
                ReadColor16(row[(2 * x)..], pixel);
                break;
            case (2, _):
                ReadOnlySpan<byte> color = row.Slice(x * bits / 8, bits / 8);
                (pixel[0], pixel[1], pixel[2]) = (color[2], color[1], color[0]);
                if (bits == 32)
                    pixel[3] = color[3];
                break;
            case (_, 1):
                pixel.Fill((byte)((row[x / 8] << (x % 8) & 128) != 0 ? 255 : 0));
                break;
            case (_, 16):
                pixel[..3].Fill(row[2 * x]);
                pixel[3] = row[(2 * x) + 1];
                break;
            default:
                pixel.Fill(row[x]);
                break;
        }
    }

    private static void ReadColor16(ReadOnlySpan<byte> data, Span<byte> pixel)
    {
        int value = BinaryPrimitives.ReadUInt16LittleEndian(data);
        for (int c = 0; c < 3; c++)
            pixel[c] = (byte)(((value >> (10 - (5 * c))) & 31) * 255 / 31);
    }

    private static byte[] ReadPalette(ReadOnlySpan<byte> data, ref int position, bool used)
    {
        int start = BinaryPrimitives.ReadUInt16LittleEndian(data[3..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(data[5..]);
        int bytes = (data[7] + 7) / 8;
        if (data.Length - position < count * bytes)
            throw Truncated();
        ReadOnlySpan<byte> entries = data.Slice(position, count * bytes);
        position += entries.Length;
        byte[] palette = new byte[768];
        for (int i = 0; used && i < count && start + i < 256; i++)
        {
            Span<byte> color = palette.AsSpan((start + i) * 3, 3);
            ReadOnlySpan<byte> entry = entries.Slice(i * bytes, bytes);
            if (bytes == 2)
                ReadColor16(entry, color);
            else
                (color[0], color[1], color[2]) = (entry[2], entry[1], entry[0]);
        }

        return palette;
    }
}
