using System.Text.Json.Serialization;
using PaliSharp.Generation;
using PaliSharp.Tasks;

namespace PaliSharp.Results;

/// <summary>The text of a picture with boxes, in JSON.</summary>
/// <param name="Image">The picture.</param>
/// <param name="Width">The width of the oriented original in pixels.</param>
/// <param name="Height">Its height.</param>
/// <param name="Regions">The pieces of text, in the order the model named them.</param>
/// <param name="OrientationApplied">Whether the file's orientation turned the picture.</param>
/// <param name="Prompt">The text the model saw.</param>
/// <param name="Text">What it wrote.</param>
/// <param name="LogProb">The sum of the log-probabilities.</param>
/// <param name="FinishReason">Why it ended, see <see cref="TextLine.FinishReason"/>.</param>
/// <param name="Warnings">What in the answer was left out.</param>
/// <param name="Usage">How many tokens it took.</param>
public sealed record TextDetectionLine(
    string Image,
    int Width,
    int Height,
    IReadOnlyList<TextRegionItem> Regions,
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
    /// <param name="result">The result.</param>
    /// <exception cref="ArgumentNullException">There is no result.</exception>
    public static TextDetectionLine Of(string image, TextDetectionResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        GenerationResult answer = result.Generations[0];
        return new TextDetectionLine(
            image,
            result.Width,
            result.Height,
            [.. result.Regions.Select(region => new TextRegionItem(region.Text, region.Score, BoxItem.Of(region.Box)))],
            result.OrientationApplied,
            answer.Prompt,
            answer.Text,
            answer.LogProbability,
            Name(result.FinishReason),
            result.Warnings,
            UsageItem.Of(result.Generations));
    }
}

/// <summary>A piece of text in JSON.</summary>
/// <param name="Text">What it says.</param>
/// <param name="Score">How sure the model is, 0 to 1.</param>
/// <param name="Box">Left, top, right, bottom in pixels.</param>
public sealed record TextRegionItem(string Text, float Score, IReadOnlyList<float> Box);
