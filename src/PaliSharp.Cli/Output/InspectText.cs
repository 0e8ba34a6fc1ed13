using PaliSharp.Checkpoints;
using PaliSharp.Models;
using Spectre.Console;

namespace PaliSharp.Cli.Output;

/// <summary>Shows a checkpoint to people.</summary>
internal static class InspectText
{
    /// <summary>Writes what is known of a checkpoint.</summary>
    public static void Write(CliHost host, Inspection inspection, bool withTensors)
    {
        CheckpointReport report = inspection.Report;
        IAnsiConsole console = host.OutputConsole();
        Grid grid = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn();
        Add(grid, "checkpoint", report.Path);
        Add(grid, "format", report.Format?.ToString() ?? "unknown");
        if (report.Config is { } config)
            AddGeometry(grid, config);
        Add(grid, "parameters", $"{report.ParameterCount:N0}");
        Add(grid, "tensors", $"{report.Tensors.Count:N0} in files of {ByteText.Of(report.FileBytes)}");
        foreach ((string type, (int tensors, long bytes)) in report.Types.OrderBy(type => type.Key, StringComparer.Ordinal))
            Add(grid, $"  {type}", $"{tensors:N0} tensors, {ByteText.Of(bytes)}");
        foreach (QuantizedReport quantized in report.Quantized)
            Add(grid, "quantised", $"{quantized.Weights}: {Path.GetFileName(quantized.Path)}, {ByteText.Of(quantized.FileBytes)}{(quantized.Verified ? ", checksums verified" : "")}");
        Add(grid, "tokenizer", Tokenizer(inspection));
        if (report.Preprocessing is { } pixels)
        {
            Add(grid, "preprocessing",
                $"{pixels.Size}x{pixels.Size} pixels, filter {Filter(pixels.Resample)}, mean {string.Join(' ', pixels.Mean)}, std {string.Join(' ', pixels.Std)}");
        }

        console.Write(grid);
        if (withTensors)
            WriteTensors(host, console, report.Tensors);
        foreach (string warning in report.Warnings)
            host.Output.WriteLine(TerminalText.Clean($"warning: {warning}"));
        foreach (string problem in inspection.Problems)
            host.Output.WriteLine(TerminalText.Clean($"problem: {problem}"));
        if (inspection.Problems.Count == 0)
            host.Output.WriteLine("No problems found.");
    }

    private static void AddGeometry(Grid grid, PaliGemmaConfig config)
    {
        SigLipConfig vision = config.Vision;
        GemmaConfig text = config.Text;
        Add(grid, "vision",
            $"{vision.ImageSize}x{vision.ImageSize} pixels, patch {vision.PatchSize}, {vision.PatchCount} image tokens; "
            + $"{vision.Layers} layers, width {vision.Width}, MLP {vision.MlpWidth}, {vision.Heads} heads");
        Add(grid, "text",
            $"{text.Version}; {text.Layers} layers, width {text.Width}, MLP {text.MlpWidth}, {text.Heads} query heads and {text.KeyValueHeads} "
            + $"key/value heads of {text.HeadSize}; vocabulary {text.VocabularySize}, {text.MaxPositions} positions");
        Add(grid, "soft-caps", $"attention {Cap(text.AttentionSoftCap)}, final {Cap(text.FinalSoftCap)}");
    }

    private static string Cap(float cap) => cap == 0 ? "none" : $"{cap}";

    private static string Tokenizer(Inspection inspection)
    {
        IReadOnlyList<string> files = inspection.Report.TokenizerFiles;
        if (files.Count == 0)
            return "none: the checkpoint takes token ids only";
        string names = string.Join(", ", files.Select(file => Path.GetFileName(file)));
        return inspection.Tokenizer is { } tokenizer
            ? $"{names}: {tokenizer.VocabularySize:N0} tokens, {tokenizer.LocationCount} locations, {tokenizer.SegmentationCount} segments"
            : $"{names}: does not load";
    }

    private static string Filter(int number) => number switch
    {
        0 => "nearest",
        1 => "Lanczos",
        2 => "bilinear",
        3 => "bicubic",
        4 => "box",
        _ => "Hamming",
    };

    private static void WriteTensors(CliHost host, IAnsiConsole console, IReadOnlyList<TensorReport> tensors)
    {
        Table table = new Table { Border = host.IsOutputInteractive ? TableBorder.Rounded : TableBorder.Ascii }
            .AddColumn("tensor").AddColumn("type").AddColumn("shape").AddColumn(new TableColumn("size").RightAligned());
        foreach (TensorReport tensor in tensors)
        {
            table.AddRow(
                new Text(TerminalText.Clean(tensor.Name)),
                new Text(TerminalText.Clean(tensor.Type)),
                new Text(string.Join('x', tensor.Shape)),
                new Text(ByteText.Of(tensor.ByteLength)));
        }

        console.Write(table);
    }

    private static void Add(Grid grid, string name, string value) => grid.AddRow(new Text(name), new Text(TerminalText.Clean(value)));
}
