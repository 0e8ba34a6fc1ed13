using System.Buffers.Binary;

namespace PaliSharp.Imaging.Codecs.Png;

/// <summary>The colour types of PNG.</summary>
internal enum PngColorType
{
    Gray = 0,
    Rgb = 2,
    Palette = 3,
    GrayAlpha = 4,
    Rgba = 6,
}

/// <summary>The content of IHDR.</summary>
internal readonly record struct PngHeader(int Width, int Height, int BitDepth, PngColorType ColorType, bool Interlaced)
{
    /// <summary>The number of stored samples of a pixel.</summary>
    public int Samples => ColorType switch
    {
        PngColorType.Rgb => 3,
        PngColorType.GrayAlpha => 2,
        PngColorType.Rgba => 4,
        _ => 1,
    };

    /// <summary>The distance in bytes that the row filters look back: one pixel, at least one byte.</summary>
    public int FilterDistance => Math.Max(1, Samples * BitDepth / 8);

    /// <summary>The bytes of a row of so many pixels, without the filter byte.</summary>
    public int RowBytes(int pixels) => (int)((((long)pixels * Samples * BitDepth) + 7) / 8);

    /// <summary>Parses IHDR.</summary>
    /// <exception cref="ImageFormatException">A field has a value that PNG does not know.</exception>
    /// <exception cref="ResourceLimitException">A side does not fit in 31 bits.</exception>
    public static PngHeader Parse(ReadOnlySpan<byte> data)
    {
        if (data.Length < 13)
            throw new ImageFormatException($"The IHDR chunk of the PNG file has {data.Length} bytes; it needs 13.");
        uint width = BinaryPrimitives.ReadUInt32BigEndian(data);
        uint height = BinaryPrimitives.ReadUInt32BigEndian(data[4..]);
        if (width == 0 || height == 0)
            throw new ImageFormatException($"The PNG file declares {width}x{height} pixels; both sides must be at least 1.");
        if (width > int.MaxValue || height > int.MaxValue)
            throw new ResourceLimitException($"The PNG file declares {width}x{height} pixels; no side may exceed {int.MaxValue}.");
        int depth = data[8];
        int type = data[9];
        bool known = type switch
        {
            0 => depth is 1 or 2 or 4 or 8 or 16,
            3 => depth is 1 or 2 or 4 or 8,
            2 or 4 or 6 => depth is 8 or 16,
            _ => false,
        };
        if (!known)
        {
            throw new ImageFormatException(
                $"The PNG file has colour type {type} with {depth} bits a sample; PNG knows no such combination.");
        }

        if (data[10] != 0 || data[11] != 0 || data[12] > 1)
        {
            throw new ImageFormatException(
                $"The PNG file uses compression method {data[10]}, filter method {data[11]}, interlace method {data[12]}; known are 0, 0 and 0 or 1.");
        }

        return new PngHeader((int)width, (int)height, depth, (PngColorType)type, data[12] == 1);
    }
}
