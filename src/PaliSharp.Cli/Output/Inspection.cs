using System.Text.Json.Serialization;
using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tokenization;

namespace PaliSharp.Cli.Output;

/// <summary>A checkpoint's report with what its tokenizer says.</summary>
/// <param name="Report">The checkpoint.</param>
/// <param name="Tokenizer">The tokenizer; null if there is none, or none that loads.</param>
/// <param name="Problems">What is wrong with either.</param>
internal sealed record Inspection(CheckpointReport Report, Tokenizer? Tokenizer, IReadOnlyList<string> Problems)
{
    /// <summary>Adds the tokenizer to a report.</summary>
    public static Inspection Of(CheckpointReport report)
    {
        if (report.TokenizerFiles.Count == 0)
            return new Inspection(report, null, report.Problems);
        string folder = Directory.Exists(report.Path) ? report.Path : Path.GetDirectoryName(Path.GetFullPath(report.Path))!;
        try
        {
            return new Inspection(report, Tokenizer.Load(folder), report.Problems);
        }
        catch (PaliSharpException exception)
        {
            return new Inspection(report, null, [.. report.Problems, exception.Message]);
        }
    }
}

/// <summary>A checkpoint in JSON.</summary>
/// <param name="Path">The folder or file.</param>
/// <param name="Format">The form it is stored in; null if it is none.</param>
/// <param name="Parameters">The number of parameters.</param>
/// <param name="FileBytes">The size of the files with weights.</param>
/// <param name="Geometry">The geometry; null if it cannot be told.</param>
/// <param name="Preprocessing">How pictures become the encoder's input.</param>
/// <param name="Types">Tensors and bytes of each element type.</param>
/// <param name="Quantized">The quantised files beside it.</param>
/// <param name="Tokenizer">The tokenizer's files and sizes.</param>
/// <param name="Tensors">Every tensor, if asked for.</param>
/// <param name="Warnings">What is odd but harmless.</param>
/// <param name="Problems">What keeps it from loading.</param>
internal sealed record InspectLine(
    string Path,
    CheckpointFormat? Format,
    long Parameters,
    long FileBytes,
    PaliGemmaConfig? Geometry,
    ImagePreprocessing? Preprocessing,
    IReadOnlyList<InspectType> Types,
    IReadOnlyList<QuantizedReport> Quantized,
    InspectTokenizer Tokenizer,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<TensorReport>? Tensors,
    IReadOnlyList<string> Warnings,
    IReadOnlyList<string> Problems)
{
    /// <summary>Describes an inspection.</summary>
    public static InspectLine Of(Inspection inspection, bool withTensors)
    {
        CheckpointReport report = inspection.Report;
        return new InspectLine(
            report.Path,
            report.Format,
            report.ParameterCount,
            report.FileBytes,
            report.Config,
            report.Preprocessing,
            [.. report.Types.OrderBy(type => type.Key, StringComparer.Ordinal).Select(type => new InspectType(type.Key, type.Value.Tensors, type.Value.Bytes))],
            report.Quantized,
            new InspectTokenizer(
                report.TokenizerFiles,
                inspection.Tokenizer?.VocabularySize,
                inspection.Tokenizer?.LocationCount,
                inspection.Tokenizer?.SegmentationCount),
            withTensors ? report.Tensors : null,
            report.Warnings,
            inspection.Problems);
    }
}

/// <summary>One element type in JSON.</summary>
/// <param name="Type">Its name in the file.</param>
/// <param name="Tensors">How many tensors have it.</param>
/// <param name="Bytes">Their size.</param>
internal sealed record InspectType(string Type, int Tensors, long Bytes);

/// <summary>A tokenizer in JSON.</summary>
/// <param name="Files">The files found.</param>
/// <param name="Vocabulary">The number of tokens.</param>
/// <param name="Locations">The number of location tokens.</param>
/// <param name="Segments">The number of segmentation tokens.</param>
internal sealed record InspectTokenizer(IReadOnlyList<string> Files, int? Vocabulary, int? Locations, int? Segments);
