using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Results;
using PaliSharp.Training.Running;

namespace PaliSharp.Cli.Output;

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

/// <summary>A finished training in JSON.</summary>
/// <param name="Result">The folder of the trained model or adapter.</param>
/// <param name="Updates">The updates made.</param>
internal sealed record TrainLine(string Result, long Updates);

/// <summary>Drawn data in JSON.</summary>
/// <param name="Path">The file of examples.</param>
/// <param name="Pictures">The pictures drawn.</param>
/// <param name="Examples">The examples about them.</param>
internal sealed record MadeDataLine(string Path, int Pictures, int Examples);

/// <summary>A training example in JSON, as <c>palisharp train</c> reads it.</summary>
/// <param name="Image">The picture's path, relative to the file.</param>
/// <param name="Prefix">The prompt.</param>
/// <param name="Suffix">The answer.</param>
internal sealed record ExampleLine(string Image, string Prefix, string Suffix);

/// <summary>Writes objects, one a line.</summary>
internal static class JsonLines
{
    private static readonly JsonLineContext Context = new(CreateOptions());

    /// <summary>Writes a result and ends the line.</summary>
    public static void WriteResult(TextWriter output, ResultLine line) => output.WriteLine(ResultJson.Serialize(line));

    /// <summary>Writes an object and ends the line.</summary>
    public static void Write<T>(TextWriter output, T value) =>
        output.WriteLine(JsonSerializer.Serialize(value, (JsonTypeInfo<T>)Context.GetTypeInfo(typeof(T))!));

    private static JsonSerializerOptions CreateOptions()
    {
        JsonSerializerOptions options = ResultJson.CreateOptions();
        options.Converters.Add(new JsonStringEnumConverter<CheckpointFormat>(JsonNamingPolicy.SnakeCaseLower));
        options.Converters.Add(new JsonStringEnumConverter<GemmaVersion>(JsonNamingPolicy.SnakeCaseLower));
        return options;
    }
}

/// <summary>Serialisers made at compile time.</summary>
[JsonSerializable(typeof(BatchLine))]
[JsonSerializable(typeof(EvalLine))]
[JsonSerializable(typeof(PullLine))]
[JsonSerializable(typeof(QuantizeLine))]
[JsonSerializable(typeof(TrainLine))]
[JsonSerializable(typeof(ConversionLine))]
[JsonSerializable(typeof(DatasetCheckLine))]
[JsonSerializable(typeof(TrainCodecLine))]
[JsonSerializable(typeof(MadeDataLine))]
[JsonSerializable(typeof(ExampleLine))]
[JsonSerializable(typeof(TrainingEstimate))]
[JsonSerializable(typeof(InspectLine))]
[JsonSerializable(typeof(BenchLine))]
internal sealed partial class JsonLineContext : JsonSerializerContext;
