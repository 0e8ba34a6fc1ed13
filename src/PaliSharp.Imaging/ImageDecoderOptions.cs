namespace PaliSharp.Imaging;

/// <summary>Limits that protect the process, and the few habits in which decoders differ.</summary>
public sealed record ImageDecoderOptions
{
    internal static ImageDecoderOptions Default { get; } = new();

    /// <summary>Whether the picture is turned upright as its EXIF or XMP orientation asks. True by default.</summary>
    public bool ApplyOrientation { get; init; } = true;

    /// <summary>The largest number of pixels (columns × rows) that is decoded. Checked before anything is allocated. 80 million by default.</summary>
    public long MaxPixels { get; init; } = 80_000_000;

    /// <summary>The largest number of columns or of rows. One million by default.</summary>
    public int MaxDimension { get; init; } = 1_000_000;

    /// <summary>The largest number of frames or pages that is decoded from one file. 10,000 by default.</summary>
    public int MaxFrames { get; init; } = 10_000;

    /// <summary>The largest encoded file in bytes. 256 MiB by default.</summary>
    public long MaxBytes { get; init; } = 256L << 20;

    /// <summary>The largest size in bytes to which a compressed colour profile or text is inflated. 16 MiB by default.</summary>
    public int MaxMetadataBytes { get; init; } = 16 << 20;

    /// <summary>
    /// The largest working memory in bytes beside file and picture. 256 MiB by default, enough for a progressive JPEG of 80 million pixels
    /// with 4:2:0 sampling, or to turn a picture of so many pixels upright. 2 GiB at most.
    /// </summary>
    public long MaxWorkingBytes { get; init; } = 256L << 20;

    /// <summary>
    /// How 16-bit grey becomes 8-bit. False (default): the upper byte, which looks as intended.
    /// True: clipped at 255, which is nearly always white, as Pillow's <c>convert("RGB")</c> does.
    /// </summary>
    public bool Clip16BitGray { get; init; }

    /// <summary>
    /// Decodes JPEG files at a fraction of their size, several times as fast and with less memory. The pixels are those of libjpeg's scaled decoding, not
    /// those of decoding and resizing. Other formats are not scaled. Full size by default.
    /// </summary>
    public JpegScale JpegScale { get; init; } = JpegScale.Full;

    /// <summary>
    /// Whether colours are converted to sRGB by the ICC profile of the file, if that is an RGB profile of matrix and curves as cameras and screens have.
    /// False (default): the samples stay as stored, as the reference processors take them. Other profiles change nothing.
    /// </summary>
    public bool ConvertToSrgb { get; init; }
}

/// <summary>The size at which JPEG files are decoded. Sides are rounded up.</summary>
public enum JpegScale
{
    /// <summary>As stored.</summary>
    Full = 1,

    /// <summary>A half of each side.</summary>
    Half = 2,

    /// <summary>A quarter of each side.</summary>
    Quarter = 4,

    /// <summary>An eighth of each side.</summary>
    Eighth = 8,
}
