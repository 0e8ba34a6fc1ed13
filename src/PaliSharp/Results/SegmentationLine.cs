using System.Text.Json;
using System.Text.Json.Serialization;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;

namespace PaliSharp.Results;

/// <summary>The objects of one picture in JSON.</summary>
/// <param name="Image">The picture.</param>
/// <param name="Width">The width of the oriented original in pixels.</param>
/// <param name="Height">Its height.</param>
/// <param name="Segments">What was found.</param>
/// <param name="OrientationApplied">Whether the file's orientation turned the picture.</param>
/// <param name="Prompt">The text the model saw.</param>
/// <param name="Text">What it wrote.</param>
/// <param name="LogProb">The sum of the log-probabilities.</param>
/// <param name="FinishReason">Why it ended.</param>
/// <param name="Warnings">What in the answer was left out.</param>
public sealed record SegmentationLine(
    string Image,
    int Width,
    int Height,
    IReadOnlyList<SegmentItem> Segments,
    bool OrientationApplied,
    string? Prompt,
    string Text,
    [property: JsonPropertyName("logprob")] double LogProb,
    string FinishReason,
    IReadOnlyList<string> Warnings)
{
    /// <summary>Describes a result.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="result">What was found.</param>
    /// <param name="files">The files of the masks; null if none were written.</param>
    /// <exception cref="ArgumentNullException">There is no result.</exception>
    public static SegmentationLine Of(string image, SegmentationResult result, IReadOnlyList<string>? files)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new SegmentationLine(
            image,
            result.Width,
            result.Height,
            [.. result.Segments.Select((found, i) => SegmentItem.Of(found, files?[i]))],
            result.OrientationApplied,
            result.Generation.Prompt,
            result.Generation.Text,
            result.Generation.LogProbability,
            JsonNamingPolicy.SnakeCaseLower.ConvertName(result.Generation.FinishReason.ToString()),
            result.Warnings);
    }
}

/// <summary>One object in JSON.</summary>
/// <param name="Label">What it is.</param>
/// <param name="Score">How sure the model is, 0 to 1.</param>
/// <param name="Box">Left, top, right, bottom in pixels.</param>
/// <param name="Area">The pixels of the mask.</param>
/// <param name="Mask">The mask in COCO's compressed form.</param>
/// <param name="MaskFile">The file of the mask, if one was written.</param>
public sealed record SegmentItem(
    string Label,
    float Score,
    IReadOnlyList<float> Box,
    int Area,
    CocoMask Mask,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? MaskFile)
{
    /// <summary>Describes an object.</summary>
    internal static SegmentItem Of(Segment found, string? file) => new(
        found.Label,
        found.Score,
        [found.Box.X1, found.Box.Y1, found.Box.X2, found.Box.Y2],
        found.Mask.Area,
        new CocoMask([found.Mask.Height, found.Mask.Width], RunLengths.FromMask(found.Mask).ToString()),
        file);
}

/// <summary>A mask as COCO annotations hold it.</summary>
/// <param name="Size">Height, width.</param>
/// <param name="Counts">The compressed run lengths.</param>
public sealed record CocoMask(IReadOnlyList<int> Size, string Counts);
