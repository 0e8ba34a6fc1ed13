using System.Text.Json;
using PaliSharp.Training.Data;

namespace PaliSharp.Cli.Output;

/// <summary>A converted data set in JSON.</summary>
/// <param name="Files">The files written.</param>
/// <param name="Items">The items read.</param>
/// <param name="Written">The examples written.</param>
/// <param name="LeftOut">Good examples that the format has no form for.</param>
/// <param name="Skipped">Items that cannot be used, by reason.</param>
internal sealed record ConversionLine(IReadOnlyList<string> Files, long Items, long Written, long LeftOut, IReadOnlyDictionary<string, long> Skipped);

/// <summary>A checked source in JSON.</summary>
/// <param name="Source">Its name or path.</param>
/// <param name="Items">Its items.</param>
/// <param name="Usable">Those that can be learnt from.</param>
/// <param name="Skipped">The others, by reason.</param>
internal sealed record DatasetCheckLine(string Source, long Items, long Usable, IReadOnlyDictionary<string, long> Skipped);

/// <summary>Counts of skipped items as JSON names them.</summary>
internal static class DatasetText
{
    /// <summary>The counts by reason.</summary>
    public static IReadOnlyDictionary<string, long> Counts(DataReport report) =>
        report.Skipped.ToDictionary(pair => JsonNamingPolicy.SnakeCaseLower.ConvertName(pair.Key.ToString()), pair => pair.Value, StringComparer.Ordinal);
}

/// <summary>A trained mask codec in JSON.</summary>
/// <param name="Path">The file.</param>
/// <param name="Updates">The updates made.</param>
/// <param name="Skipped">Masks that were empty or could not be read, each time they were met.</param>
/// <param name="MeanIou">The mean intersection over union on the masks to measure on; null without.</param>
internal sealed record TrainCodecLine(string Path, int Updates, long Skipped, double? MeanIou);
