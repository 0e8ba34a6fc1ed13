using System.Buffers.Binary;
using System.IO.Compression;
using PaliSharp.Imaging.Metadata;

namespace PaliSharp.Imaging.Codecs.Png;

/// <summary>The chunks of a PNG file that matter for its pixels, parsed in one pass over the file.</summary>
internal sealed class PngFile
{
    private const uint Ihdr = 0x49484452;
    private const uint Plte = 0x504C5445;
    private const uint Idat = 0x49444154;
    private const uint Iend = 0x49454E44;
    private const uint Trns = 0x74524E53;
    private const uint Iccp = 0x69434350;
    private const uint Exif = 0x65584966;
    private const uint Itxt = 0x69545874;

    private readonly List<ReadOnlyMemory<byte>> _imageData = [];
    private bool _imageDataEnded;
    private bool _hasHeader;
    private int? _exifOrientation;
    private int? _xmpOrientation;

    private PngFile()
    {
    }

    /// <summary>The header.</summary>
    public PngHeader Header { get; private set; }

    /// <summary>The palette as red, green, blue triples, or empty.</summary>
    public ReadOnlyMemory<byte> Palette { get; private set; }

    /// <summary>The transparency as stored, or empty.</summary>
    public ReadOnlyMemory<byte> Transparency { get; private set; }

    /// <summary>The ICC profile, inflated, or empty.</summary>
    public ReadOnlyMemory<byte> IccProfile { get; private set; }

    /// <summary>The parts of the compressed picture.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> ImageData => _imageData;

    /// <summary>The orientation, 1 to 8. EXIF wins over XMP.</summary>
    public int Orientation => Metadata.Orientation.Normalise(_exifOrientation ?? _xmpOrientation);

    /// <summary>Whether the decoded picture has alpha.</summary>
    public bool HasAlpha => Header.ColorType is PngColorType.GrayAlpha or PngColorType.Rgba || !Transparency.IsEmpty;

    /// <summary>The signature of PNG.</summary>
    public static ReadOnlySpan<byte> Signature => [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Parses the chunks.</summary>
    /// <exception cref="ImageFormatException">The chunks before the picture's data are damaged.</exception>
    /// <exception cref="ResourceLimitException">A compressed chunk inflates beyond the limit.</exception>
    public static PngFile Parse(ReadOnlyMemory<byte> data, ImageDecoderOptions options)
    {
        var file = new PngFile();
        int at = Signature.Length;
        while (data.Length - at >= 8)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(data.Span[at..]);
            uint type = BinaryPrimitives.ReadUInt32BigEndian(data.Span[(at + 4)..]);
            int available = data.Length - at - 8;
            bool complete = length + 4L <= available;
            ReadOnlyMemory<byte> content = data.Slice(at + 8, (int)Math.Min(length, (uint)available));
            if (type == Idat)
            {
                // The stream inside has a checksum of its own; a wrong CRC here alone is as harmless as it is for other readers.
                file.AddImageData(content);
                if (!complete)
                    break;
            }
            else
            {
                if (type == Iend)
                    break;
                file.EndImageData();
                bool intact = complete && HasValidCrc(data.Span.Slice(at + 4, (int)length + 8));
                if (intact)
                    file.Add(type, content, options);
                else if (file._imageData.Count == 0)
                    throw Damaged(type, complete);
                else if (!complete)
                    break;
            }

            at += 12 + (int)length;
        }

        return file._hasHeader ? file : throw new ImageFormatException("The PNG file has no IHDR chunk; it is truncated after the signature.");
    }

    private static bool HasValidCrc(ReadOnlySpan<byte> typeContentAndCrc) =>
        Crc32.Append(0, typeContentAndCrc[..^4]) == BinaryPrimitives.ReadUInt32BigEndian(typeContentAndCrc[^4..]);

    private static ImageFormatException Damaged(uint type, bool complete) => complete
        ? new ImageFormatException($"The checksum of the {Name(type)} chunk of the PNG file is wrong: the file is damaged.")
        : new ImageFormatException($"The PNG file ends inside its {Name(type)} chunk: it is truncated.");

    private static string Name(uint type)
    {
        Span<char> name = stackalloc char[4];
        for (int i = 0; i < 4; i++)
        {
            char c = (char)((type >> (24 - (8 * i))) & 255);
            name[i] = char.IsAsciiLetter(c) ? c : '?';
        }

        return new string(name);
    }

    private void AddImageData(ReadOnlyMemory<byte> content)
    {
        if (!_hasHeader)
            throw new ImageFormatException("The PNG file has IDAT before IHDR.");

        // Chunks in between end the picture for other readers too; what follows them is not part of it.
        if (!_imageDataEnded)
            _imageData.Add(content);
    }

    private void EndImageData() => _imageDataEnded = _imageData.Count > 0;

    private void Add(uint type, ReadOnlyMemory<byte> content, ImageDecoderOptions options)
    {
        if (!_hasHeader && type != Ihdr)
            throw new ImageFormatException($"The PNG file starts with a {Name(type)} chunk; IHDR must be the first.");
        switch (type)
        {
            case Ihdr when _hasHeader:
                throw new ImageFormatException("The PNG file has two IHDR chunks.");
            case Ihdr:
                Header = PngHeader.Parse(content.Span);
                _hasHeader = true;
                break;
            case Plte when !_imageDataEnded:
                if (Header.ColorType == PngColorType.Palette && (content.Length > 768 || content.Length % 3 != 0 || content.IsEmpty))
                    throw new ImageFormatException($"The PLTE chunk of the PNG file has {content.Length} bytes; it needs 3 to 768, three for each colour.");
                Palette = content;
                break;
            case Trns when !_imageDataEnded:
                AddTransparency(content);
                break;
            case Iccp when IccProfile.IsEmpty:
                AddProfile(content, options);
                break;
            case Exif when _exifOrientation is null:
                _exifOrientation = ExifReader.ReadOrientation(content.Span);
                break;
            case Itxt when _xmpOrientation is null:
                AddText(content, options);
                break;
        }
    }

    private void AddTransparency(ReadOnlyMemory<byte> content)
    {
        int needed = Header.ColorType switch
        {
            PngColorType.Gray => 2,
            PngColorType.Rgb => 6,
            PngColorType.Palette => 1,
            _ => 0,
        };
        if (needed == 0)
            return;
        if (content.Length < needed)
            throw new ImageFormatException($"The tRNS chunk of the PNG file has {content.Length} bytes; colour type {(int)Header.ColorType} needs {needed}.");
        Transparency = content;
    }

    private void AddProfile(ReadOnlyMemory<byte> content, ImageDecoderOptions options)
    {
        // Name, zero, compression method, zlib stream. A malformed profile is dropped: the pixels do not depend on it.
        int end = content.Span.IndexOf((byte)0);
        if (end < 0 || end + 2 > content.Length || content.Span[end + 1] != 0)
            return;
        IccProfile = Inflate("iCCP", content[(end + 2)..], options) ?? ReadOnlyMemory<byte>.Empty;
    }

    private void AddText(ReadOnlyMemory<byte> content, ImageDecoderOptions options)
    {
        ReadOnlySpan<byte> keyword = "XML:com.adobe.xmp\0"u8;
        if (!content.Span.StartsWith(keyword) || content.Length < keyword.Length + 2)
            return;
        bool compressed = content.Span[keyword.Length] == 1;
        ReadOnlyMemory<byte> rest = content[(keyword.Length + 2)..];
        for (int i = 0; i < 2; i++)
        {
            // Language tag and translated keyword, each ended by a zero.
            int end = rest.Span.IndexOf((byte)0);
            if (end < 0)
                return;
            rest = rest[(end + 1)..];
        }

        ReadOnlyMemory<byte>? text = compressed ? Inflate("iTXt", rest, options) : rest;
        if (text is { } xmp)
            _xmpOrientation = XmpReader.ReadOrientation(xmp.Span);
    }

    /// <summary>Inflates metadata, or returns null when it is damaged.</summary>
    private static ReadOnlyMemory<byte>? Inflate(string chunk, ReadOnlyMemory<byte> compressed, ImageDecoderOptions options)
    {
        using var inflater = new ZLibStream(new ChunkStream([compressed]), CompressionMode.Decompress);
        using var result = new MemoryStream();
        byte[] buffer = new byte[8192];
        try
        {
            int read;
            while ((read = inflater.Read(buffer, 0, buffer.Length)) > 0)
            {
                if (result.Length + read > options.MaxMetadataBytes)
                {
                    throw new ResourceLimitException(
                        $"The {chunk} chunk of the PNG file inflates to more than {options.MaxMetadataBytes} bytes. " +
                        "Remove it from the file, or raise ImageDecoderOptions.MaxMetadataBytes.");
                }

                result.Write(buffer, 0, read);
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException)
        {
            return null;
        }

        return result.ToArray();
    }
}
