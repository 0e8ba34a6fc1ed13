using System.Buffers.Binary;

namespace PaliSharp.Imaging.Codecs.Bmp;

/// <summary>How the pixels of a BMP file are stored.</summary>
internal enum BmpCompression
{
    None = 0,
    Rle8 = 1,
    Rle4 = 2,
    BitFields = 3,
}

/// <summary>The headers of a BMP file.</summary>
internal sealed record BmpHeader
{
    /// <summary>The number of columns.</summary>
    public required long Width { get; init; }

    /// <summary>The number of rows.</summary>
    public required long Height { get; init; }

    /// <summary>Whether the first stored row is the top one.</summary>
    public required bool TopDown { get; init; }

    /// <summary>The bits of a pixel: 1, 4, 8, 16, 24 or 32.</summary>
    public required int Bits { get; init; }

    /// <summary>The compression.</summary>
    public required BmpCompression Compression { get; init; }

    /// <summary>The position of the first pixel.</summary>
    public required long PixelPosition { get; init; }

    /// <summary>256 colours (red, green, blue), or empty.</summary>
    public required byte[] Palette { get; init; }

    /// <summary>The bits of red, green, blue and alpha in a pixel of 16 or 32 bits.</summary>
    public required uint[] Masks { get; init; }

    /// <summary>Parses the headers and the palette.</summary>
    /// <exception cref="ImageFormatException">A field is invalid or not supported.</exception>
    public static BmpHeader Parse(ReadOnlySpan<byte> data)
    {
        if (data.Length < 26)
            throw new ImageFormatException($"The BMP file has {data.Length} bytes; its headers need at least 26.");
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(data[14..]);
        if (size is not (12 or 40 or 52 or 56 or 64 or 108 or 124))
            throw new ImageFormatException($"The BMP file has a header of {size} bytes; known are 12, 40, 52, 56, 64, 108 and 124.");
        if (data.Length < 14 + size)
            throw new ImageFormatException($"The BMP file ends inside its header of {size} bytes.");
        ReadOnlySpan<byte> header = data.Slice(14, (int)size);
        bool old = size == 12;
        long width = old ? BinaryPrimitives.ReadUInt16LittleEndian(header[4..]) : BinaryPrimitives.ReadInt32LittleEndian(header[4..]);
        long height = old ? BinaryPrimitives.ReadUInt16LittleEndian(header[6..]) : BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
        int bits = BinaryPrimitives.ReadUInt16LittleEndian(header[(old ? 10 : 14)..]);
        uint compression = old ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(header[16..]);
        uint colors = old ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(header[32..]);
        bool fits = compression switch
        {
            0 => bits is 1 or 4 or 8 or 16 or 24 or 32,
            1 => bits == 8,
            2 => bits == 4,
            3 => bits is 16 or 32,
            _ => false,
        };
        if (!fits)
            throw new ImageFormatException($"The BMP file has {bits} bits a pixel with compression {compression}, which is not supported.");
        int position = 14 + (int)size;
        uint[] masks = Masks16Or32(bits);
        if (compression == 3)
        {
            ReadOnlySpan<byte> stored = size >= 52 ? header[40..] : data[position..];
            int count = size >= 56 ? 4 : 3;
            if (stored.Length < count * 4)
                throw new ImageFormatException("The BMP file ends inside its colour masks.");
            masks = [0, 0, 0, 0];
            for (int i = 0; i < count; i++)
                masks[i] = BinaryPrimitives.ReadUInt32LittleEndian(stored[(4 * i)..]);
            CheckMasks(masks, bits);
            position += size >= 52 ? 0 : 12;
        }

        byte[] palette = [];
        if (bits <= 8)
            palette = ReadPalette(data, ref position, colors == 0 ? 1u << bits : colors, old ? 3 : 4);
        uint declared = BinaryPrimitives.ReadUInt32LittleEndian(data[10..]);
        return new BmpHeader
        {
            Width = width,
            Height = Math.Abs(height),
            TopDown = height < 0,
            Bits = bits,
            Compression = (BmpCompression)compression,
            PixelPosition = declared == 0 ? position : declared,
            Palette = palette,
            Masks = masks,
        };
    }

    private static uint[] Masks16Or32(int bits) => bits == 16 ? [0x7C00, 0x3E0, 0x1F, 0] : [0xFF0000, 0xFF00, 0xFF, 0];

    private static byte[] ReadPalette(ReadOnlySpan<byte> data, ref int position, uint colors, int entrySize)
    {
        if (colors > 256 || data.Length - position < colors * entrySize)
        {
            throw new ImageFormatException(
                $"The BMP file declares a palette of {colors} colours; at most 256 are possible and all must be in the file.");
        }

        byte[] palette = new byte[768];
        for (int i = 0; i < colors; i++)
        {
            ReadOnlySpan<byte> entry = data.Slice(position + (i * entrySize), 3);
            (palette[3 * i], palette[(3 * i) + 1], palette[(3 * i) + 2]) = (entry[2], entry[1], entry[0]);
        }

        position += (int)colors * entrySize;
        return palette;
    }

    private static void CheckMasks(ReadOnlySpan<uint> masks, int bits)
    {
        uint seen = bits == 16 ? 0xFFFF0000 : 0;
        for (int i = 0; i < 4; i++)
        {
            uint mask = masks[i];
            uint ones = mask == 0 ? 0 : mask >> System.Numerics.BitOperations.TrailingZeroCount(mask);
            bool contiguous = (ones & (ones + 1)) == 0 && System.Numerics.BitOperations.PopCount(mask) <= 16;
            if (!contiguous || (mask & seen) != 0 || (mask == 0 && i < 3))
            {
                throw new ImageFormatException(
                    $"The BMP file has the colour mask {mask:X8}, which is empty, overlaps another or has holes.");
            }

            seen |= mask;
        }
    }
}
