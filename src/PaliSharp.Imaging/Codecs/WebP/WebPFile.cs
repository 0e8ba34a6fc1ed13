using System.Buffers.Binary;
using PaliSharp.Imaging.Metadata;

namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>One picture of a WebP file: its place on the canvas and its compressed parts.</summary>
internal sealed record WebPFrame(int X, int Y, ReadOnlyMemory<byte> Data, bool IsLossless, ReadOnlyMemory<byte> Alpha)
{
    /// <summary>How long it is shown, in milliseconds.</summary>
    public int Duration { get; init; }

    /// <summary>Whether it is laid over what is there, instead of replacing it.</summary>
    public bool Blend { get; init; }

    /// <summary>Whether its area is cleared before the next frame.</summary>
    public bool Clear { get; init; }

    /// <summary>The size that the compressed data declares.</summary>
    public (int Width, int Height) Size
    {
        get
        {
            if (!IsLossless)
                return Vp8Header.ReadSize(Data.Span);
            (int width, int height, _) = LosslessDecoder.ReadHeader(Data.Span);
            return (width, height);
        }
    }

    /// <summary>Whether the compressed data carries alpha.</summary>
    public bool HasAlpha => IsLossless ? LosslessDecoder.ReadHeader(Data.Span).HasAlpha : !Alpha.IsEmpty;
}

/// <summary>The chunks of a WebP file.</summary>
internal sealed class WebPFile
{
    private int? _exifOrientation;
    private int? _xmpOrientation;

    private WebPFile()
    {
    }

    /// <summary>The frames; one for still pictures.</summary>
    public List<WebPFrame> Frames { get; } = [];

    /// <summary>The size of the canvas.</summary>
    public int Width { get; private set; }

    /// <inheritdoc cref="Width"/>
    public int Height { get; private set; }

    /// <summary>Whether the file declares alpha.</summary>
    public bool HasAlpha { get; private set; }

    /// <summary>The colour profile.</summary>
    public ReadOnlyMemory<byte> IccProfile { get; private set; }

    /// <summary>The orientation, 1 to 8.</summary>
    public int Orientation => Metadata.Orientation.Normalise(_exifOrientation ?? _xmpOrientation);

    /// <summary>Whether data is a WebP file.</summary>
    public static bool Matches(ReadOnlySpan<byte> data) => data.Length >= 16 && data.StartsWith("RIFF"u8) && data[8..].StartsWith("WEBP"u8);

    /// <summary>Parses the chunks.</summary>
    /// <exception cref="ImageFormatException">There is no picture, or a chunk is damaged.</exception>
    /// <exception cref="ResourceLimitException">There are more frames than the options allow.</exception>
    public static WebPFile Parse(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        var file = new WebPFile();
        long declared = BinaryPrimitives.ReadUInt32LittleEndian(data.Span[4..]) + 8L;
        if (declared < 12)
            throw new ImageFormatException($"The WebP file declares {declared} bytes, which is less than its header: it is damaged.");
        if (declared > data.Length)
            throw new ImageFormatException($"The WebP file declares {declared} bytes but has {data.Length}: it is truncated.");
        bool extended = false;
        ReadOnlyMemory<byte> alpha = default;
        foreach ((uint type, ReadOnlyMemory<byte> content) in Chunks(data[12..(int)declared]))
        {
            switch (type)
            {
                case 0x58385056 when !extended && file.Frames.Count == 0: // VP8X
                    if (content.Length < 10)
                        throw Damaged("VP8X", content.Length);
                    extended = true;
                    file.HasAlpha = (content.Span[0] & 0x10) != 0;
                    file.Width = UInt24(content.Span[4..]) + 1;
                    file.Height = UInt24(content.Span[7..]) + 1;
                    break;
                case 0x50434349: // ICCP
                    file.IccProfile = content;
                    break;
                case 0x46495845: // EXIF
                    file._exifOrientation ??= ExifReader.ReadOrientation(content.Span);
                    break;
                case 0x20504D58: // XMP
                    file._xmpOrientation ??= XmpReader.ReadOrientation(content.Span);
                    break;
                case 0x48504C41: // ALPH
                    alpha = content;
                    break;
                case 0x464D4E41: // ANMF
                    ImageLimits.CheckFrames("WebP", file.Frames.Count + 1, options);
                    file.Frames.Add(ReadAnimationFrame(content));
                    break;
                case 0x20385056 or 0x4C385056 when file.Frames.Count == 0: // VP8 and VP8L
                    file.Frames.Add(new WebPFrame(0, 0, content, type == 0x4C385056, type == 0x4C385056 ? default : alpha));
                    break;
            }
        }

        if (file.Frames.Count == 0)
            throw new ImageFormatException("The WebP file holds no picture.");
        if (!extended)
        {
            (file.Width, file.Height) = file.Frames[0].Size;
            file.HasAlpha = file.Frames[0].IsLossless && file.Frames[0].HasAlpha;
        }

        return file;
    }

    /// <summary>What the file says about its pictures.</summary>
    public ImageMetadata ToMetadata() =>
        ImageMetadata.ForPixels(Width, Height) with { Format = ImageFormat.WebP, Orientation = Orientation, IccProfile = IccProfile };

    private static WebPFrame ReadAnimationFrame(ReadOnlyMemory<byte> content)
    {
        if (content.Length < 16)
            throw Damaged("ANMF", content.Length);
        ReadOnlySpan<byte> header = content.Span;
        ReadOnlyMemory<byte> alpha = default;
        foreach ((uint type, ReadOnlyMemory<byte> part) in Chunks(content[16..]))
        {
            if (type == 0x48504C41)
            {
                alpha = part;
            }
            else if (type is 0x20385056 or 0x4C385056)
            {
                bool lossless = type == 0x4C385056;
                return new WebPFrame(UInt24(header) * 2, UInt24(header[3..]) * 2, part, lossless, lossless ? default : alpha)
                {
                    Duration = UInt24(header[12..]),
                    Blend = (header[15] & 2) == 0,
                    Clear = (header[15] & 1) != 0,
                };
            }
        }

        throw new ImageFormatException("A frame of the WebP file holds no picture.");
    }

    private static IEnumerable<(uint Type, ReadOnlyMemory<byte> Content)> Chunks(ReadOnlyMemory<byte> data)
    {
        while (data.Length >= 8)
        {
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(data.Span);
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(data.Span[4..]);
            if (length > data.Length - 8)
            {
                throw new ImageFormatException(
                    $"A chunk of the WebP file declares {length} bytes but {data.Length - 8} are left: it is truncated.");
            }

            yield return (type, data.Slice(8, (int)length));
            data = data[(int)Math.Min(8 + length + (length & 1), (uint)data.Length)..];
        }
    }

    private static ImageFormatException Damaged(string chunk, int length) =>
        new($"The {chunk} chunk of the WebP file has only {length} bytes: it is damaged.");

    private static int UInt24(ReadOnlySpan<byte> data) => data[0] | (data[1] << 8) | (data[2] << 16);
}
