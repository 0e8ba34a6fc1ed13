using System.CommandLine;
using PaliSharp.Exports;

namespace PaliSharp.Cli.Options;

/// <summary>Files for other tools, to be written beside the results.</summary>
internal sealed class ExportOption
{
    private static readonly Dictionary<string, ExportFormat> Formats = new(StringComparer.OrdinalIgnoreCase)
    {
        ["coco"] = ExportFormat.Coco,
        ["yolo"] = ExportFormat.Yolo,
        ["voc"] = ExportFormat.Voc,
        ["jsonl"] = ExportFormat.JsonLines,
        ["csv"] = ExportFormat.Csv,
    };

    private readonly Option<string[]> _export = new("--export")
    {
        Description = "Also write the objects for other tools: coco:FILE.json, yolo:FOLDER, voc:FOLDER, jsonl:FILE or csv:FILE. May be repeated.",
        HelpName = "FORMAT:PATH",
    };

    /// <summary>Adds the option to a verb.</summary>
    public void AddTo(Command command) => command.Add(_export);

    /// <summary>Reads what was given.</summary>
    /// <exception cref="UsageException">A format is unknown, or a path makes no sense for it.</exception>
    public IReadOnlyList<ExportTarget> Read(ParseResult parsed) => [.. (parsed.GetValue(_export) ?? []).Select(Parse)];

    private static ExportTarget Parse(string value)
    {
        int colon = value.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0 || colon == value.Length - 1 || !Formats.TryGetValue(value[..colon], out ExportFormat format))
            throw new UsageException($"--export {value}: expected {string.Join(", ", Formats.Keys.Select(name => $"{name}:PATH"))}.");
        string path = value[(colon + 1)..];
        bool isFolder = format is ExportFormat.Yolo or ExportFormat.Voc;
        if (isFolder ? File.Exists(path) : Directory.Exists(path))
            throw new UsageException($"--export {value}: '{path}' is a {(isFolder ? "file; name a folder" : "folder; name a file")}.");
        if (!isFolder && Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
            throw new UsageException($"--export {value}: there is no folder '{folder}'.");
        return new ExportTarget(format, path);
    }
}

/// <summary>A file or folder for another tool.</summary>
/// <param name="Format">How objects are written.</param>
/// <param name="Path">Where.</param>
internal sealed record ExportTarget(ExportFormat Format, string Path);
