namespace PaliSharp.Imaging;

/// <summary>What a file said about its picture, beside the pixels.</summary>
public sealed record ImageMetadata
{
    /// <summary>The format of the file.</summary>
    public ImageFormat Format { get; init; }

    /// <summary>
    /// The EXIF orientation, 1 to 8: how the stored rows and columns must be turned to stand upright; 1 when the file says nothing or nonsense.
    /// </summary>
    public int Orientation { get; init; } = 1;

    /// <summary>Whether the pixels have been turned upright according to <see cref="Orientation"/>.</summary>
    public bool OrientationApplied { get; init; }

    /// <summary>The number of columns in the file, before orientation and scaling.</summary>
    public required int OriginalWidth { get; init; }

    /// <summary>The number of rows in the file, before orientation and scaling.</summary>
    public required int OriginalHeight { get; init; }

    /// <summary>
    /// The ICC colour profile as stored, or empty. Pixels are in its colours; after <see cref="ImageDecoderOptions.ConvertToSrgb"/> has applied it, it is empty.
    /// </summary>
    public ReadOnlyMemory<byte> IccProfile { get; init; }

    /// <summary>
    /// Whether the compressed data was damaged in a way that leaves a picture: some pixels are missing (grey) or wrong.
    /// </summary>
    public bool IsDamaged { get; init; }

    internal static ImageMetadata ForPixels(int width, int height) => new() { OriginalWidth = width, OriginalHeight = height };
}

/// <summary>What can be known of a picture file without decoding its pixels.</summary>
/// <param name="Format">The format, found from the content.</param>
/// <param name="Width">The stored number of columns, before orientation.</param>
/// <param name="Height">The stored number of rows, before orientation.</param>
/// <param name="Orientation">The EXIF orientation, 1 to 8; 1 when the file says nothing or nonsense.</param>
public sealed record ImageInfo(ImageFormat Format, int Width, int Height, int Orientation)
{
    /// <summary>The number of columns of the upright picture.</summary>
    public int UprightWidth => Orientation >= 5 ? Height : Width;

    /// <summary>The number of rows of the upright picture.</summary>
    public int UprightHeight => Orientation >= 5 ? Width : Height;
}
