namespace PaliSharp.Imaging;

/// <summary>The order of the 8-bit samples of pixels.</summary>
public enum PixelFormat
{
    /// <summary>One byte: grey.</summary>
    Gray,

    /// <summary>Three bytes: red, green, blue.</summary>
    Rgb,

    /// <summary>Three bytes: blue, green, red.</summary>
    Bgr,

    /// <summary>Four bytes: red, green, blue, straight alpha.</summary>
    Rgba,

    /// <summary>Four bytes: blue, green, red, straight alpha.</summary>
    Bgra,
}

/// <summary>Copies pixels of any format.</summary>
internal static class PixelFormats
{
    /// <summary>The bytes of a pixel.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such format.</exception>
    public static int BytesOf(PixelFormat format) => format switch
    {
        PixelFormat.Gray => 1,
        PixelFormat.Rgb or PixelFormat.Bgr => 3,
        PixelFormat.Rgba or PixelFormat.Bgra => 4,
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "There is no such pixel format."),
    };

    /// <summary>Copies a row to RGB, or to RGBA when the format has alpha.</summary>
    public static void Copy(PixelFormat format, ReadOnlySpan<byte> row, Span<byte> target)
    {
        switch (format)
        {
            case PixelFormat.Gray:
                for (int x = 0; x < row.Length; x++)
                    target.Slice(3 * x, 3).Fill(row[x]);
                break;
            case PixelFormat.Bgr or PixelFormat.Bgra:
                int step = BytesOf(format);
                row.CopyTo(target);
                for (int at = 0; at < row.Length; at += step)
                    (target[at], target[at + 2]) = (row[at + 2], row[at]);
                break;
            default:
                row.CopyTo(target);
                break;
        }
    }
}
