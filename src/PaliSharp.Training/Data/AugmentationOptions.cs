using PaliSharp.Imaging.Resampling;

namespace PaliSharp.Training.Data;

/// <summary>
/// What is done to pictures while training, in this order: a part is cut out, it is mirrored, written as JPEG and read again, scaled. All of it is a
/// function of seed, pass and item.
/// </summary>
public sealed record AugmentationOptions
{
    /// <summary>The part of the examples that is mirrored, 0 to 1. Texts that speak of left or right, and <c>ocr</c>, are never mirrored.</summary>
    public double Flip { get; init; }

    /// <summary>Cutting out a part; null for none.</summary>
    public CropAugmentation? Crop { get; init; }

    /// <summary>Writing as JPEG and reading again; null for none.</summary>
    public JpegAugmentation? Jpeg { get; init; }

    /// <summary>Scaling by a method drawn for each picture; null for that of the checkpoint.</summary>
    public ResizeAugmentation? Resize { get; init; }

    /// <summary>Checks the numbers.</summary>
    /// <exception cref="RecipeException">One is out of range.</exception>
    internal void Check(string source)
    {
        Require(Flip is >= 0 and <= 1, "flip", Flip, "0 to 1");
        if (Crop is { } crop)
        {
            Require(crop.Probability is >= 0 and <= 1, "crop.probability", crop.Probability, "0 to 1");
            Require(crop.MinimumArea is > 0 and <= 1, "crop.minimumArea", crop.MinimumArea, "above 0 to 1");
            Require(crop.MaximumAspect is >= 1 and <= 10, "crop.maximumAspect", crop.MaximumAspect, "1 to 10");
        }

        if (Jpeg is { } jpeg)
        {
            Require(jpeg.Probability is >= 0 and <= 1, "jpeg.probability", jpeg.Probability, "0 to 1");
            Require(jpeg.MinimumQuality is >= 1 and <= 100, "jpeg.minimumQuality", jpeg.MinimumQuality, "1 to 100");
            bool isRange = jpeg.MaximumQuality <= 100 && jpeg.MaximumQuality >= jpeg.MinimumQuality;
            Require(isRange, "jpeg.maximumQuality", jpeg.MaximumQuality, "minimumQuality to 100");
        }

        if (Resize is { } resize)
        {
            Require(resize.Size is >= 1 and <= 8192, "resize.size", resize.Size, "1 to 8192 pixels");
            Require(resize.Methods.Count > 0, "resize.methods", "empty", "at least one");
        }

        void Require(bool holds, string field, object value, string expected)
        {
            if (!holds)
                throw new RecipeException($"{source}: augment.{field} is {value}; expected: {expected}.");
        }
    }
}

/// <summary>Cutting out a random part, as big_vision's inception crop; boxes always stay inside.</summary>
public sealed record CropAugmentation
{
    /// <summary>The part of the examples that is cut.</summary>
    public double Probability { get; init; } = 1;

    /// <summary>The smallest share of the picture's area that stays; the share is uniform between it and 1. A choice: the papers say "slight".</summary>
    public double MinimumArea { get; init; } = 0.8;

    /// <summary>The part is at most so many times wider or higher than the picture in proportion.</summary>
    public double MaximumAspect { get; init; } = 4.0 / 3;
}

/// <summary>Writing a picture as JPEG (colour at half the columns and rows) and reading it again.</summary>
public sealed record JpegAugmentation
{
    /// <summary>The part of the pictures that is re-encoded. A choice: the papers do not say.</summary>
    public double Probability { get; init; } = 0.5;

    /// <summary>The lowest quality.</summary>
    public int MinimumQuality { get; init; } = 75;

    /// <summary>The highest quality.</summary>
    public int MaximumQuality { get; init; } = 95;
}

/// <summary>Scaling by TensorFlow's methods, each with and without antialiasing, equally often.</summary>
public sealed record ResizeAugmentation
{
    /// <summary>The edge of the square in pixels: the resolution that is trained, otherwise pictures are scaled twice.</summary>
    public int Size { get; init; }

    /// <summary>The methods to draw from.</summary>
    public IReadOnlyList<TensorFlowMethod> Methods { get; init; } = Enum.GetValues<TensorFlowMethod>();

    /// <summary>Whether nothing aliases; null to draw that, too.</summary>
    public bool? Antialias { get; init; }
}
