namespace PaliSharp.Imaging.Codecs.Tiff;

/// <summary>The compression of a page.</summary>
internal enum TiffCompression
{
    None = 1,
    CcittRle = 2,
    CcittGroup3 = 3,
    CcittGroup4 = 4,
    Lzw = 5,
    Jpeg = 7,
    Deflate = 8,
    OldDeflate = 32946,
    PackBits = 32773,
}

/// <summary>The meaning of the samples.</summary>
internal enum TiffPhotometric
{
    WhiteIsZero = 0,
    BlackIsZero = 1,
    Rgb = 2,
    Palette = 3,
    Cmyk = 5,
    YCbCr = 6,
}

/// <summary>What the extra sample beside the colours is.</summary>
internal enum TiffExtra
{
    None,
    Ignored,
    PremultipliedAlpha,
    Alpha,
}

/// <summary>The description of one page.</summary>
internal sealed record TiffPage
{
    /// <summary>The number of columns.</summary>
    public required int Width { get; init; }

    /// <summary>The number of rows.</summary>
    public required int Height { get; init; }

    /// <summary>The bits of a sample: 1, 2, 4, 8 or 16.</summary>
    public required int Bits { get; init; }

    /// <summary>The number of samples of a pixel, extra ones included.</summary>
    public required int Samples { get; init; }

    /// <summary>The number of colour samples.</summary>
    public required int Colors { get; init; }

    /// <summary>The first extra sample.</summary>
    public required TiffExtra Extra { get; init; }

    /// <summary>The meaning of the samples.</summary>
    public required TiffPhotometric Photometric { get; init; }

    /// <summary>The compression.</summary>
    public required TiffCompression Compression { get; init; }

    /// <summary>Whether each sample is stored as a plane of its own.</summary>
    public required bool Planar { get; init; }

    /// <summary>Whether rows hold differences.</summary>
    public required bool Predicted { get; init; }

    /// <summary>Whether the bits of each byte are stored lowest first.</summary>
    public required bool ReversedBits { get; init; }

    /// <summary>The size of a strip or tile.</summary>
    public required int SegmentWidth { get; init; }

    /// <inheritdoc cref="SegmentWidth"/>
    public required int SegmentHeight { get; init; }

    /// <summary>The positions of strips or tiles.</summary>
    public required long[] Offsets { get; init; }

    /// <summary>The bytes of strips or tiles; empty if the file does not say.</summary>
    public required long[] Counts { get; init; }

    /// <summary>The palette: all reds, greens, blues, 16 bits each.</summary>
    public required long[] Palette { get; init; }

    /// <summary>The options of CCITT Group 3.</summary>
    public required long FaxOptions { get; init; }

    /// <summary>The tables of JPEG strips.</summary>
    public required byte[] JpegTables { get; init; }

    /// <summary>The orientation, 1 to 8.</summary>
    public required int Orientation { get; init; }

    /// <summary>The colour profile.</summary>
    public required byte[] IccProfile { get; init; }

    /// <summary>The bytes of a row of a strip or tile.</summary>
    public int SegmentRowBytes => (int)((((long)SegmentWidth * (Planar ? 1 : Samples) * Bits) + 7) / 8);

    /// <summary>Reads a directory.</summary>
    /// <exception cref="ImageFormatException">A value is missing, contradicts others or is not supported.</exception>
    /// <exception cref="ResourceLimitException">The page or its strips or tiles are too large.</exception>
    public static TiffPage Parse(Dictionary<int, long[]> tags, ImageDecoderOptions options)
    {
        long width = Required(tags, 256, "width");
        long height = Required(tags, 257, "height");
        ImageLimits.CheckSize("TIFF", width, height, options);
        long samples = One(tags, 277, 1);
        long[] bits = tags.GetValueOrDefault(258, [1]);
        if (samples is < 1 or > 8 || Array.Exists(bits, b => b != bits[0]) || bits[0] is not (1 or 2 or 4 or 8 or 16))
        {
            throw new ImageFormatException(
                $"The TIFF file has {samples} samples of {string.Join(", ", bits.Take(8))} bits; 1 to 8 samples of 1, 2, 4, 8 or 16 equal bits are supported.");
        }

        if (Array.Exists(tags.GetValueOrDefault(339, [1]), format => format is not (1 or 4)))
            throw new ImageFormatException("The TIFF file has signed or floating-point samples; only unsigned integers are supported.");
        var photometric = (TiffPhotometric)One(tags, 262, samples >= 3 ? 2 : 1);
        var compression = (TiffCompression)One(tags, 259, 1);
        if (!Enum.IsDefined(compression))
        {
            throw new ImageFormatException(
                $"The TIFF file uses compression {(int)compression}, which is not supported. Convert it to LZW or deflate.");
        }

        int colors = photometric switch
        {
            TiffPhotometric.WhiteIsZero or TiffPhotometric.BlackIsZero or TiffPhotometric.Palette => 1,
            TiffPhotometric.Rgb or TiffPhotometric.YCbCr => 3,
            TiffPhotometric.Cmyk => 4,
            _ => throw new ImageFormatException($"The TIFF file has colours of kind {(int)photometric}, which is not supported. Convert it to RGB."),
        };
        bool fits = photometric switch
        {
            TiffPhotometric.WhiteIsZero or TiffPhotometric.BlackIsZero => true,
            TiffPhotometric.Palette => bits[0] <= 8 && tags.ContainsKey(320) && tags[320].Length >= 3 << (int)bits[0],
            TiffPhotometric.YCbCr => bits[0] == 8 && compression == TiffCompression.Jpeg,
            _ => bits[0] >= 8,
        };
        if (!fits || samples < colors || (samples > colors && bits[0] < 8))
        {
            throw new ImageFormatException(
                $"The TIFF file combines colours of kind {photometric}, {samples} samples of {bits[0]} bits and compression {compression}, which is not supported.");
        }

        CheckCompression(compression, (int)bits[0], (int)samples);
        bool tiled = tags.ContainsKey(324);
        long segmentWidth = tiled ? Required(tags, 322, "tile width") : width;
        long rowsOfStrip = One(tags, 278, height);
        long segmentHeight = tiled ? Required(tags, 323, "tile height") : rowsOfStrip < 1 ? height : Math.Min(rowsOfStrip, height);
        ImageLimits.CheckSize("TIFF (strip or tile)", segmentWidth, segmentHeight, options);
        long predictor = One(tags, 317, 1);
        if (predictor is not (1 or 2) || (predictor == 2 && bits[0] < 8))
        {
            throw new ImageFormatException(
                $"The TIFF file uses predictor {predictor} with {bits[0]} bits; only horizontal differences of 8 or 16 bits are supported.");
        }

        return new TiffPage
        {
            Width = (int)width,
            Height = (int)height,
            Bits = (int)bits[0],
            Samples = (int)samples,
            Colors = colors,
            Extra = One(tags, 338, 0) switch
            {
                _ when samples == colors => TiffExtra.None,
                1 => TiffExtra.PremultipliedAlpha,
                2 => TiffExtra.Alpha,
                _ => TiffExtra.Ignored,
            },
            Photometric = photometric,
            Compression = compression,
            Planar = One(tags, 284, 1) == 2 && samples > 1,
            Predicted = predictor == 2 && compression is TiffCompression.Lzw or TiffCompression.Deflate or TiffCompression.OldDeflate,
            ReversedBits = One(tags, 266, 1) == 2 && compression != TiffCompression.Jpeg,
            SegmentWidth = (int)segmentWidth,
            SegmentHeight = (int)segmentHeight,
            Offsets = tags.GetValueOrDefault(tiled ? 324 : 273) ?? throw Missing("positions of strips"),
            Counts = tags.GetValueOrDefault(tiled ? 325 : 279, []),
            Palette = tags.GetValueOrDefault(320, []),
            FaxOptions = One(tags, 292, 0),
            JpegTables = TiffFile.ToBytes(tags.GetValueOrDefault(347, [])),
            Orientation = Metadata.Orientation.Normalise((int)Math.Clamp(One(tags, 274, 1), 0, 9)),
            IccProfile = TiffFile.ToBytes(tags.GetValueOrDefault(34675, [])),
        };
    }

    private static void CheckCompression(TiffCompression compression, int bits, int samples)
    {
        bool fax = compression is TiffCompression.CcittRle or TiffCompression.CcittGroup3 or TiffCompression.CcittGroup4;
        if (fax && (bits != 1 || samples != 1))
        {
            throw new ImageFormatException(
                $"The TIFF file has {samples} samples of {bits} bits with a fax compression, which is for one bit only.");
        }

        if (compression == TiffCompression.Jpeg && bits != 8)
            throw new ImageFormatException($"The TIFF file has samples of {bits} bits with JPEG compression; only 8 are supported.");
    }

    private static long One(Dictionary<int, long[]> tags, int tag, long otherwise) =>
        tags.TryGetValue(tag, out long[]? values) ? values[0] : otherwise;

    private static long Required(Dictionary<int, long[]> tags, int tag, string name) =>
        tags.TryGetValue(tag, out long[]? values) ? values[0] : throw Missing(name);

    private static ImageFormatException Missing(string name) => new($"The TIFF file lacks the {name}: it is damaged.");
}
