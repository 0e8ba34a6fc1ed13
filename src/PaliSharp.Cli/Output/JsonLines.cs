using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using PaliSharp.Checkpoints;
using PaliSharp.Generation;
using PaliSharp.Models;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Output;

/// <summary>A text answer in JSON.</summary>
/// <param name="Image">The picture; null for text alone or for several pictures in one prompt.</param>
/// <param name="Prompt">The text the model saw.</param>
/// <param name="Text">What it wrote.</param>
/// <param name="Tokens">The ids of what it wrote, without the one that ended the text.</param>
/// <param name="LogProb">The sum of the log-probabilities, that of the end included.</param>
/// <param name="FinishReason"><c>stop</c>, <c>stop_string</c> or <c>length</c>.</param>
/// <param name="Images">The pictures, where one prompt has several.</param>
internal sealed record TextLine(
    string? Image,
    string? Prompt,
    string Text,
    IReadOnlyList<int> Tokens,
    [property: JsonPropertyName("logprob")] double LogProb,
    string FinishReason,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Images)
{
    /// <summary>Describes an answer.</summary>
    public static TextLine Of(string? image, IReadOnlyList<string>? images, GenerationResult result) => new(
        image,
        result.Prompt,
        result.Text,
        [.. result.Tokens.Select(token => token.Id)],
        result.LogProbability,
        JsonNamingPolicy.SnakeCaseLower.ConvertName(result.FinishReason.ToString()),
        images);
}

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
internal sealed record DetectionLine(
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
    public static DetectionLine Of(string image, DetectionResult result) => new(
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

/// <summary>One box in JSON.</summary>
/// <param name="Label">What it is.</param>
/// <param name="Score">How sure the model is, 0 to 1.</param>
/// <param name="Box">Left, top, right, bottom in pixels.</param>
/// <param name="WrittenLabel">What the model wrote, where labels are replaced.</param>
/// <param name="LabelDistance">The edit distance between the two.</param>
internal sealed record DetectionItem(
    string Label,
    float Score,
    IReadOnlyList<float> Box,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? WrittenLabel,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? LabelDistance);

/// <summary>A pulled model in JSON.</summary>
/// <param name="Model"><c>OWNER/NAME</c>.</param>
/// <param name="Revision">The revision asked for.</param>
/// <param name="Path">The folder of the snapshot.</param>
internal sealed record PullLine(string Model, string Revision, string Path);

/// <summary>A quantised file in JSON.</summary>
/// <param name="Model">The checkpoint it was made from.</param>
/// <param name="Weights"><c>int8</c> or <c>int4</c>.</param>
/// <param name="Path">The file.</param>
/// <param name="Bytes">Its size.</param>
internal sealed record QuantizeLine(string Model, string Weights, string Path, long Bytes);

/// <summary>Writes objects, one a line.</summary>
internal static class JsonLines
{
    private static readonly JsonLineContext Context = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,

        // Lines are read by programs as UTF-8, never embedded in HTML.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,

        // A checkpoint of NaNs still gets an answer that can be read.
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters =
        {
            new JsonStringEnumConverter<CheckpointFormat>(JsonNamingPolicy.SnakeCaseLower),
            new JsonStringEnumConverter<GemmaVersion>(JsonNamingPolicy.SnakeCaseLower),
        },
    });

    /// <summary>Writes an object and ends the line.</summary>
    public static void Write<T>(TextWriter output, T value) =>
        output.WriteLine(JsonSerializer.Serialize(value, (JsonTypeInfo<T>)Context.GetTypeInfo(typeof(T))!));
}

/// <summary>Serialisers made at compile time.</summary>
[JsonSerializable(typeof(TextLine))]
[JsonSerializable(typeof(DetectionLine))]
[JsonSerializable(typeof(SegmentationLine))]
[JsonSerializable(typeof(ClassificationLine))]
[JsonSerializable(typeof(PullLine))]
[JsonSerializable(typeof(QuantizeLine))]
[JsonSerializable(typeof(InspectLine))]
[JsonSerializable(typeof(BenchLine))]
internal sealed partial class JsonLineContext : JsonSerializerContext;
