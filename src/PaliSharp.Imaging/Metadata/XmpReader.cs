namespace PaliSharp.Imaging.Metadata;

/// <summary>Finds the orientation in an XMP packet by its text, without parsing the XML: hostile XML costs nothing that way.</summary>
internal static class XmpReader
{
    /// <summary>The orientation as written, or null when the packet holds none.</summary>
    public static int? ReadOrientation(ReadOnlySpan<byte> xmp)
    {
        ReadOnlySpan<byte> name = "tiff:Orientation"u8;
        while (true)
        {
            int at = xmp.IndexOf(name);
            if (at < 0)
                return null;
            xmp = xmp[(at + name.Length)..];
            ReadOnlySpan<byte> value = xmp.StartsWith("=\""u8) ? xmp[2..] : xmp.StartsWith(">"u8) ? xmp[1..] : [];
            if (value.Length > 0 && value[0] is >= (byte)'0' and <= (byte)'9')
                return value[0] - '0';
        }
    }
}
