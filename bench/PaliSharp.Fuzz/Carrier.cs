using System.Buffers.Binary;
using PaliSharp.Imaging;
using PaliSharp.Imaging.Text;

namespace PaliSharp.Fuzz;

/// <summary>Takes EXIF, XMP and colour profiles out of picture files, and puts them into a small JPEG file.</summary>
internal static class Carrier
{
    private const int MaxSegment = 65_000;
    private static readonly byte[] Jpeg = MakeJpeg();

    // The parameters of sRGB's curve as fractions of 65536: exponent, slope and offset above, slope below, border.
    private static readonly int[] FormulaOfSrgb = [157286, 62117, 3419, 5072, 2651];

    private static ReadOnlySpan<byte> ExifName => "Exif\0\0"u8;

    private static ReadOnlySpan<byte> XmpName => "http://ns.adobe.com/xap/1.0/\0"u8;

    private static ReadOnlySpan<byte> ProfileName => "ICC_PROFILE\0\u0001\u0001"u8;

    /// <summary>The EXIF block of a JPEG file.</summary>
    public static IEnumerable<byte[]> ExifOf(byte[] file, ImageFormat format) => format == ImageFormat.Jpeg ? Segments(file, ExifName) : [];

    /// <summary>The XMP text of a JPEG file.</summary>
    public static IEnumerable<byte[]> XmpOf(byte[] file, ImageFormat format) => format == ImageFormat.Jpeg ? Segments(file, XmpName) : [];

    /// <summary>The colour profile of a file; that it can be decoded is not certain.</summary>
    public static IEnumerable<byte[]> ProfileOf(byte[] file, ImageFormat format)
    {
        try
        {
            byte[] profile = Image.Decode(file).Metadata.IccProfile.ToArray();
            return profile.Length == 0 ? [] : [profile];
        }
        catch (PaliSharpException)
        {
            return [];
        }
    }

    /// <summary>The font of the library.</summary>
    public static byte[] ReadFont()
    {
        using Stream stream = typeof(Font).Assembly.GetManifestResourceStream("PaliSharp.Imaging.Text.Fonts.PaliSharpSans.ttf")
            ?? throw new InvalidOperationException("The library has no font.");
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    /// <summary>A profile of matrix and curves with wide primaries.</summary>
    /// <param name="isCurve">Whether the curves are tables, else formulas.</param>
    public static byte[] MakeProfile(bool isCurve)
    {
        string[] names = ["rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC"];
        double[][] colorants = [[0.6097, 0.3111, 0.0195], [0.2053, 0.6257, 0.0609], [0.1492, 0.0632, 0.7446]];
        byte[] header = new byte[128];
        "RGB XYZ "u8.CopyTo(header.AsSpan(16));
        "acsp"u8.CopyTo(header.AsSpan(36));
        var body = new List<byte>();
        var directory = new List<byte>(BigEndian(names.Length));
        for (int i = 0; i < names.Length; i++)
        {
            byte[] tag = i < 3 ? [.. "XYZ \0\0\0\0"u8, .. colorants[i].SelectMany(value => BigEndian((int)(value * 65536)))]
                : isCurve ? [.. "curv\0\0\0\0"u8, .. BigEndian(3), 0, 0, 0x40, 0, 0xFF, 0xFF, 0, 0]
                : [.. "para\0\0\0\0\0\u0003\0\0"u8, .. FormulaOfSrgb.SelectMany(BigEndian)];
            directory.AddRange([.. System.Text.Encoding.ASCII.GetBytes(names[i]), .. BigEndian(132 + (12 * names.Length) + body.Count), .. BigEndian(tag.Length)]);
            body.AddRange(tag);
        }

        byte[] profile = [.. header, .. directory, .. body];
        BinaryPrimitives.WriteInt32BigEndian(profile, profile.Length);
        return profile;
    }

    /// <summary>A JPEG file with an EXIF block.</summary>
    public static byte[] WithExif(byte[] content) => With(0xE1, ExifName, content);

    /// <summary>A JPEG file with XMP.</summary>
    public static byte[] WithXmp(byte[] content) => With(0xE1, XmpName, content);

    /// <summary>A JPEG file with a colour profile.</summary>
    public static byte[] WithProfile(byte[] content) => With(0xE2, ProfileName, content);

    private static byte[] With(byte marker, ReadOnlySpan<byte> name, ReadOnlySpan<byte> content)
    {
        content = content[..Math.Min(content.Length, MaxSegment)];
        byte[] header = [0xFF, marker, 0, 0];
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)(2 + name.Length + content.Length));
        return [.. Jpeg.AsSpan(0, 2), .. header, .. name, .. content, .. Jpeg.AsSpan(2)];
    }

    private static List<byte[]> Segments(byte[] file, ReadOnlySpan<byte> name)
    {
        var found = new List<byte[]>();
        for (int at = 2; at + 4 < file.Length && file[at] == 0xFF;)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(at + 2));
            ReadOnlySpan<byte> content = file.AsSpan(at + 4, Math.Clamp(length - 2, 0, file.Length - at - 4));
            if (content.StartsWith(name))
                found.Add(content[name.Length..].ToArray());
            at += 2 + Math.Max(length, 2);
        }

        return found;
    }

    private static byte[] MakeJpeg()
    {
        byte[] pixels = new byte[8 * 8 * 3];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)(i * 37);
        using var stream = new MemoryStream();
        Image.FromPixels(8, 8, pixels).SaveJpeg(stream);
        return stream.ToArray();
    }

    private static byte[] BigEndian(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}
