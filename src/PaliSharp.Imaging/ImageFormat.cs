namespace PaliSharp.Imaging;

/// <summary>The file formats a picture can come from.</summary>
public enum ImageFormat
{
    /// <summary>Not from a file: made from pixels.</summary>
    None,

    /// <summary>Portable Network Graphics.</summary>
    Png,

    /// <summary>JPEG (JFIF, Exif, Adobe or bare).</summary>
    Jpeg,

    /// <summary>Graphics Interchange Format.</summary>
    Gif,

    /// <summary>Windows or OS/2 bitmap.</summary>
    Bmp,

    /// <summary>Portable bitmap, graymap or pixmap.</summary>
    Pnm,

    /// <summary>Tagged Image File Format, BigTIFF included.</summary>
    Tiff,

    /// <summary>WebP, lossy or lossless.</summary>
    WebP,

    /// <summary>Truevision TGA.</summary>
    Tga,

    /// <summary>Quite OK Image.</summary>
    Qoi,
}
