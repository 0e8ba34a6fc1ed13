namespace PaliSharp.Imaging;

/// <summary>How finely colour is kept in a JPEG file.</summary>
public enum JpegSubsampling
{
    /// <summary>4:2:0: colour at half the columns and half the rows. The usual choice for photographs.</summary>
    Half,

    /// <summary>4:4:4: colour at every pixel. For drawings, text and thin coloured lines.</summary>
    None,
}

/// <summary>How a JPEG file is written.</summary>
public sealed record JpegOptions
{
    /// <summary>The quality on libjpeg's scale, 1 (worst) to 100 (best). 90 by default.</summary>
    public int Quality { get; init; } = 90;

    /// <summary>How finely colour is kept. Ignored for grey pictures.</summary>
    public JpegSubsampling Subsampling { get; init; } = JpegSubsampling.Half;
}
