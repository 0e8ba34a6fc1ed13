using System.Text.Json.Serialization;
using PaliSharp.Tasks;

namespace PaliSharp.Results;

/// <summary>The boxes of one picture in JSON.</summary>
/// <param name="Image">The picture.</param>
/// <param name="Width">The width of the oriented original in pixels.</param>
/// <param name="Height">Its height.</param>
/// <param name="Detections">What was found.</param>
/// <param name="OrientationApplied">Whether the file's orientation turned the picture.</param>
/// <param name="Prompt">The text the model saw.</param>
/// <param name="Text">What it wrote.</param>
/// <param name="LogProb">The sum of the log-probabilities.</param>
/// <param name="FinishReason">Why it ended, see <see cref="TextLine.FinishReason"/>; of several answers the worst.</param>
/// <param name="Warnings">What in the answer was left out.</param>
/// <param name="Usage">How many tokens it took.</param>
public sealed record DetectionLine(
    string Image,
    int Width,
    int Height,
    IReadOnlyList<DetectionItem> Detections,
    bool OrientationApplied,
    string? Prompt,
    string Text,
    [property: JsonPropertyName("logprob")] double LogProb,
    string FinishReason,
    IReadOnlyList<string> Warnings,
    UsageItem Usage) : ResultLine
{
    /// <summary>Describes a result.</summary>
    /// <param name="image">The picture's name.</param>
    /// <param name="result">What was found.</param>
    /// <exception cref="ArgumentNullException">There is no result.</exception>
    public static DetectionLine Of(string image, DetectionResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new DetectionLine(
            image,
            result.Width,
            result.Height,
            [.. result.Detections.Select(DetectionItem.Of)],
            result.OrientationApplied,
            result.Generation.Prompt,
            result.Generation.Text,
            result.Generation.LogProbability,
            Name(result.FinishReason),
            result.Warnings,
            UsageItem.Of(result.Generations));
    }
}

/// <summary>One box in JSON.</summary>
/// <param name="Label">What it is.</param>
/// <param name="Score">How sure the model is, 0 to 1.</param>
/// <param name="Box">Left, top, right, bottom in pixels.</param>
/// <param name="BoxScore">The same over the box alone.</param>
/// <param name="LabelScore">The same over the label alone.</param>
/// <param name="WrittenLabel">What the model wrote, where labels are replaced.</param>
/// <param name="LabelDistance">The edit distance between the two.</param>
public sealed record DetectionItem(
    string Label,
    float Score,
    IReadOnlyList<float> Box,
    float BoxScore,
    float LabelScore,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? WrittenLabel,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? LabelDistance)
{
    internal static DetectionItem Of(Detection found) => new(
        found.Label, found.Score, BoxItem.Of(found.Box), found.BoxScore, found.LabelScore, found.WrittenLabel, found.LabelDistance);
}
