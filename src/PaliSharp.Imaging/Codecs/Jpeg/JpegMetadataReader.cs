using PaliSharp.Imaging.Metadata;

namespace PaliSharp.Imaging.Codecs.Jpeg;

/// <summary>Collects what the application segments say.</summary>
internal sealed class JpegMetadataReader
{
    private readonly SortedDictionary<int, ReadOnlyMemory<byte>> _profileParts = [];
    private int? _exifOrientation;
    private int? _xmpOrientation;
    private bool _hasJfif;
    private int _profileCount;
    private int? _adobeTransform;

    /// <summary>The orientation, 1 to 8. EXIF wins over XMP.</summary>
    public int Orientation => Metadata.Orientation.Normalise(_exifOrientation ?? _xmpOrientation);

    /// <summary>Reads one segment; malformed ones say nothing.</summary>
    /// <param name="marker">The second byte of the marker.</param>
    /// <param name="content">The content after the length.</param>
    public void Add(int marker, ReadOnlyMemory<byte> content)
    {
        ReadOnlySpan<byte> data = content.Span;
        switch (marker)
        {
            case 0xE0 when data.Length >= 14 && data.StartsWith("JFIF\0"u8):
                _hasJfif = true;
                break;
            case 0xE1 when data.StartsWith("Exif\0\0"u8):
                _exifOrientation ??= ExifReader.ReadOrientation(data);
                break;
            case 0xE1 when data.StartsWith("http://ns.adobe.com/xap/1.0/\0"u8):
                _xmpOrientation ??= XmpReader.ReadOrientation(data);
                break;
            case 0xE2 when data.Length > 14 && data.StartsWith("ICC_PROFILE\0"u8):
                _profileParts[data[12]] = content[14..];
                _profileCount = data[13];
                break;
            case 0xEE when data.Length >= 12 && data.StartsWith("Adobe"u8):
                _adobeTransform = data[11];
                break;
        }
    }

    /// <summary>The colour profile joined from its parts, or empty if parts are missing.</summary>
    public ReadOnlyMemory<byte> JoinProfile()
    {
        if (_profileParts.Count == 0 || _profileParts.Count != _profileCount)
            return ReadOnlyMemory<byte>.Empty;
        byte[] profile = new byte[_profileParts.Values.Sum(part => part.Length)];
        int at = 0;
        foreach (ReadOnlyMemory<byte> part in _profileParts.Values)
        {
            part.CopyTo(profile.AsMemory(at));
            at += part.Length;
        }

        return profile;
    }

    /// <summary>How the stored components make colours, decided as libjpeg does.</summary>
    public JpegColorSpace ColorSpace(JpegFrame frame)
    {
        JpegComponent[] c = frame.Components;
        return c.Length switch
        {
            1 => JpegColorSpace.Gray,
            4 => _adobeTransform is null or 0 ? JpegColorSpace.Cmyk : JpegColorSpace.Ycck,
            _ when _hasJfif => JpegColorSpace.YCbCr,
            _ when _adobeTransform is { } transform => transform == 0 ? JpegColorSpace.Rgb : JpegColorSpace.YCbCr,
            _ => c[0].Id == 'R' && c[1].Id == 'G' && c[2].Id == 'B' ? JpegColorSpace.Rgb : JpegColorSpace.YCbCr,
        };
    }
}

/// <summary>The meaning of the components.</summary>
internal enum JpegColorSpace
{
    Gray,
    YCbCr,
    Rgb,

    /// <summary>Stored inverted, as everybody does.</summary>
    Cmyk,

    /// <summary>YCbCr of inverted CMY, with inverted black.</summary>
    Ycck,
}
