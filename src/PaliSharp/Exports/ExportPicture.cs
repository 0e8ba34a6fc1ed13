using PaliSharp.Segmentation;
using PaliSharp.Tasks;

namespace PaliSharp.Exports;

/// <summary>A picture with the objects in it, as data sets hold it.</summary>
/// <param name="Image">The picture's name or path.</param>
/// <param name="Width">The width of the oriented original in pixels.</param>
/// <param name="Height">Its height.</param>
/// <param name="Objects">The objects.</param>
public sealed record ExportPicture(string Image, int Width, int Height, IReadOnlyList<ExportObject> Objects)
{
    /// <summary>Takes boxes.</summary>
    /// <param name="image">The picture's name or path.</param>
    /// <param name="result">What was found.</param>
    public static ExportPicture Of(string image, DetectionResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new ExportPicture(
            image, result.Width, result.Height, [.. result.Detections.Select(found => new ExportObject(found.Label, found.Score, found.Box))]);
    }

    /// <summary>Takes pieces of text: what they say is the label.</summary>
    /// <param name="image">The picture's name or path.</param>
    /// <param name="result">What was found.</param>
    public static ExportPicture Of(string image, TextDetectionResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new ExportPicture(
            image, result.Width, result.Height, [.. result.Regions.Select(region => new ExportObject(region.Text, region.Score, region.Box))]);
    }

    /// <summary>Takes boxes and masks.</summary>
    /// <param name="image">The picture's name or path.</param>
    /// <param name="result">What was found.</param>
    public static ExportPicture Of(string image, SegmentationResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new ExportPicture(
            image,
            result.Width,
            result.Height,
            [.. result.Segments.Select(found => new ExportObject(found.Label, found.Score, found.Box) { Mask = RunLengths.FromMask(found.Mask) })]);
    }
}

/// <summary>An object in a picture.</summary>
/// <param name="Label">What it is.</param>
/// <param name="Score">How sure the model is, 0 to 1.</param>
/// <param name="Box">Where, in pixels of the oriented original.</param>
public sealed record ExportObject(string Label, float Score, BoundingBox Box)
{
    /// <summary>Which pixels belong to it; null if only the box is known.</summary>
    public RunLengths? Mask { get; init; }
}
