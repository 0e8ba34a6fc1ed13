using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace PaliSharp.Results;

/// <summary>How results become JSON, wherever they are written: the command line, the server, batches.</summary>
public static class ResultJson
{
    /// <summary>
    /// The version of the shapes, in every object as <c>schema_version</c>. New fields do not change it; it rises when a field changes its
    /// meaning or goes.
    /// </summary>
    public const int SchemaVersion = 1;

    /// <summary>For JSON that is put together by hand: text as it is.</summary>
    internal static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly ResultJsonContext Context = new(CreateOptions());

    /// <summary>New options for a serialiser: names in snake case, text as it is.</summary>
    /// <returns>Options that can still be changed; a serialiser context needs an instance of its own.</returns>
    public static JsonSerializerOptions CreateOptions() => new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,

        // Results are read by programs as UTF-8, never embedded in HTML.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,

        // A checkpoint of NaNs still gets an answer that can be read.
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>A result as one line of JSON, without the line end.</summary>
    /// <param name="line">The result.</param>
    /// <exception cref="ArgumentNullException">There is no result.</exception>
    public static string Serialize(ResultLine line)
    {
        ArgumentNullException.ThrowIfNull(line);
        return JsonSerializer.Serialize(line, Context.GetTypeInfo(line.GetType())!);
    }

    /// <summary>A result as an object that can be added to.</summary>
    internal static JsonObject ToObject(ResultLine line) => JsonSerializer.SerializeToNode(line, Context.GetTypeInfo(line.GetType())!)!.AsObject();

    /// <summary>A part of a result as text.</summary>
    internal static string Serialize(JsonNode node) => node.ToJsonString(Context.Options);
}

/// <summary>Serialisers made at compile time.</summary>
[JsonSerializable(typeof(TextLine))]
[JsonSerializable(typeof(DetectionLine))]
[JsonSerializable(typeof(SegmentationLine))]
[JsonSerializable(typeof(ClassificationLine))]
[JsonSerializable(typeof(OcrLine))]
[JsonSerializable(typeof(RegionLine))]
[JsonSerializable(typeof(TableLine))]
[JsonSerializable(typeof(MoleculeLine))]
[JsonSerializable(typeof(MusicLine))]
[JsonSerializable(typeof(ChoiceLine))]
[JsonSerializable(typeof(JsonValueLine))]
[JsonSerializable(typeof(TextDetectionLine))]
[JsonSerializable(typeof(PictureRankingLine))]
[JsonSerializable(typeof(MatchLine))]
internal sealed partial class ResultJsonContext : JsonSerializerContext;
