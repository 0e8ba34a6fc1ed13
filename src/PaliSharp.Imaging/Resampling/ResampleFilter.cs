namespace PaliSharp.Imaging.Resampling;

/// <summary>The kernels of resampling. All but <see cref="Nearest"/> widen when scaling down, so nothing aliases.</summary>
public enum ResampleFilter
{
    /// <summary>The nearest pixel.</summary>
    Nearest,

    /// <summary>The mean of the covered pixels; support 0.5.</summary>
    Box,

    /// <summary>A triangle; support 1.</summary>
    Bilinear,

    /// <summary>A Hamming-windowed sinc of support 1; sharper than bilinear.</summary>
    Hamming,

    /// <summary>The cubic with a = −0.5; support 2. What the Hugging Face processor of PaliGemma uses.</summary>
    Bicubic,

    /// <summary>The sinc windowed by a sinc; support 3.</summary>
    Lanczos,
}

/// <summary>Which axis is scaled first. Samples are rounded in between, so the order is visible in single levels.</summary>
public enum PassOrder
{
    /// <summary>As Pillow 13: rows first (the vertical pass) when the height shrinks by more than twice as much as the width, else columns first.</summary>
    Pillow13,

    /// <summary>As Pillow up to 12, and torchvision: always the horizontal pass first.</summary>
    HorizontalFirst,
}

/// <summary>A part of a picture, in pixels from its upper left corner. Edges may lie between pixels.</summary>
/// <param name="Left">The left edge.</param>
/// <param name="Top">The upper edge.</param>
/// <param name="Right">The right edge, exclusive.</param>
/// <param name="Bottom">The lower edge, exclusive.</param>
public readonly record struct CropBox(double Left, double Top, double Right, double Bottom);
