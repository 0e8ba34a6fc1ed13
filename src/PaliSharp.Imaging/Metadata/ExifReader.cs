using System.Buffers.Binary;

namespace PaliSharp.Imaging.Metadata;

/// <summary>Finds the orientation in an EXIF block: a TIFF header and its first directory.</summary>
internal static class ExifReader
{
    private const int OrientationTag = 0x112;

    /// <summary>The orientation as stored, or null when the block holds none. Malformed blocks hold none.</summary>
    public static int? ReadOrientation(ReadOnlySpan<byte> exif)
    {
        if (exif.StartsWith("Exif\0\0"u8))
            exif = exif[6..];
        if (exif.Length < 8)
            return null;
        bool little = exif.StartsWith("II"u8);
        if (!little && !exif.StartsWith("MM"u8))
            return null;
        if (UInt16(exif[2..], little) != 42)
            return null;
        uint offset = UInt32(exif[4..], little);
        if (offset > (uint)exif.Length - 2)
            return null;
        ReadOnlySpan<byte> directory = exif[(int)offset..];
        int count = UInt16(directory, little);
        for (int i = 0, at = 2; i < count && at + 12 <= directory.Length; i++, at += 12)
        {
            ReadOnlySpan<byte> entry = directory.Slice(at, 12);
            if (UInt16(entry, little) == OrientationTag)
                return Value(entry, little);
        }

        return null;
    }

    /// <summary>The value of an entry of one integer. Longer values and other types are no orientation.</summary>
    private static int? Value(ReadOnlySpan<byte> entry, bool little)
    {
        if (UInt32(entry[4..], little) != 1)
            return null;
        return UInt16(entry[2..], little) switch
        {
            1 or 6 => entry[8],
            3 or 8 => UInt16(entry[8..], little),
            4 or 9 => (int)Math.Min(UInt32(entry[8..], little), int.MaxValue),
            _ => null,
        };
    }

    private static ushort UInt16(ReadOnlySpan<byte> data, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(data) : BinaryPrimitives.ReadUInt16BigEndian(data);

    private static uint UInt32(ReadOnlySpan<byte> data, bool little) =>
        little ? BinaryPrimitives.ReadUInt32LittleEndian(data) : BinaryPrimitives.ReadUInt32BigEndian(data);
}
