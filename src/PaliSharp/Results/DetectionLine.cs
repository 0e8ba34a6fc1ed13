using System.Text.Json;
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
/// <param name="FinishReason">Why it ended.</param>
/// <param name="Warnings">What in the answer was left out.</param>
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
    IReadOnlyList<string> Warnings)
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
            [
                .. result.Detections.Select(found => new DetectionItem(
                    found.Label, found.Score, [found.Box.X1, found.Box.Y1, found.Box.X2, found.Box.Y2], found.WrittenLabel, found.LabelDistance)),
            ],
            result.OrientationApplied,
            result.Generation.Prompt,
            result.Generation.Text,
            result.Generation.LogProbability,
            JsonNamingPolicy.SnakeCaseLower.ConvertName(result.Generation.FinishReason.ToString()),
            result.Warnings);
    }
}

/// <summary>One box in JSON.</summary>
/// <param name="Label">What it is.</param>
/// <param name="Score">How sure the model is, 0 to 1.</param>
/// <param name="Box">Left, top, right, bottom in pixels.</param>
/// <param name="WrittenLabel">What the model wrote, where labels are replaced.</param>
/// <param name="LabelDistance">The edit distance between the two.</param>
public sealed record DetectionItem(
    string Label,
    float Score,
    IReadOnlyList<float> Box,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? WrittenLabel,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? LabelDistance);
