using PaliSharp.Benchmarks;
using Spectre.Console;

namespace PaliSharp.Cli.Output;

/// <summary>Shows a benchmark to people.</summary>
internal static class BenchTable
{
    /// <summary>Writes the report.</summary>
    public static void Write(CliHost host, BenchmarkReport report)
    {
        IAnsiConsole console = host.OutputConsole();
        console.WriteLine(TerminalText.Clean(
            $"{report.Model}: {report.Parameters / 1e6:N1} million parameters, weights {ByteText.Of(report.WeightBytes)}, prompt of {report.PromptPositions} positions"));
        console.WriteLine(
            $"{report.Threads} threads, {report.InstructionPath}; machine: {report.PeakOperationsPerSecond / 1e9:N1} {(report.MultipliesBytes ? "GOP/s products of bytes" : "GFLOP/s multiply-add")}, "
            + $"{report.PeakBytesPerSecond / 1e9:N1} GB/s read; medians of {report.Runs} runs");
        Table table = new Table { Border = host.IsOutputInteractive ? TableBorder.Rounded : TableBorder.Ascii }.AddColumn("stage");
        foreach (string column in (string[])["median ms", "best ms", "rate", "of the limit"])
            table.AddColumn(new TableColumn(column).RightAligned());
        foreach (BenchmarkStage stage in report.Stages)
        {
            table.AddRow(
                new Text(stage.Name == "decode" ? "decode (one token)" : stage.Name.StartsWith("decode x", StringComparison.Ordinal) ? $"{stage.Name} (a token each)" : stage.Name),
                new Text(stage.MedianMilliseconds.ToString("N2")),
                new Text(stage.MinimumMilliseconds.ToString("N2")),
                new Text(Rate(stage)),
                new Text(stage.ShareOfLimit?.ToString("0.0 %") ?? ""));
        }

        console.Write(table);
        console.WriteLine($"peak memory {ByteText.Of(report.PeakMemoryBytes)}");
    }

    private static string Rate(BenchmarkStage stage) => stage switch
    {
        { OperationsPerSecond: { } operations } => $"{operations / 1e9:N1} GFLOP/s",
        { BytesPerSecond: { } bytes } => $"{bytes / 1e9:N1} GB/s",
        _ => "",
    };
}

/// <summary>A benchmark in JSON.</summary>
/// <param name="Model">The model.</param>
/// <param name="Parameters">The number of its parameters.</param>
/// <param name="WeightBytes">The size of its weights.</param>
/// <param name="PromptPositions">Positions of the prompt, image tokens included.</param>
/// <param name="Threads">The threads used.</param>
/// <param name="InstructionPath">The instructions used.</param>
/// <param name="Runs">The runs the medians are over.</param>
/// <param name="MultipliesBytes">True if the arithmetic is compared with products of bytes, as quantised weights need them.</param>
/// <param name="PeakGflops">That arithmetic of the machine.</param>
/// <param name="PeakGbps">Memory reads of the machine.</param>
/// <param name="Stages">The stages.</param>
/// <param name="PeakMemoryBytes">The most memory held at once.</param>
internal sealed record BenchLine(
    string Model,
    long Parameters,
    long WeightBytes,
    int PromptPositions,
    int Threads,
    string InstructionPath,
    int Runs,
    bool MultipliesBytes,
    double PeakGflops,
    double PeakGbps,
    IReadOnlyList<BenchStage> Stages,
    long PeakMemoryBytes)
{
    /// <summary>Describes a report.</summary>
    public static BenchLine Of(BenchmarkReport report) => new(
        report.Model,
        report.Parameters,
        report.WeightBytes,
        report.PromptPositions,
        report.Threads,
        report.InstructionPath.ToString(),
        report.Runs,
        report.MultipliesBytes,
        report.PeakOperationsPerSecond / 1e9,
        report.PeakBytesPerSecond / 1e9,
        [.. report.Stages.Select(stage => new BenchStage(
            stage.Name,
            stage.MedianMilliseconds,
            stage.MinimumMilliseconds,
            stage.OperationsPerSecond / 1e9,
            stage.BytesPerSecond / 1e9,
            stage.ShareOfLimit))],
        report.PeakMemoryBytes);
}

/// <summary>One stage in JSON.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="MedianMs">The median.</param>
/// <param name="MinimumMs">The fastest run.</param>
/// <param name="Gflops">Its arithmetic; null where that is not what limits it.</param>
/// <param name="Gbps">Its reads; null where those are not what limits it.</param>
/// <param name="ShareOfLimit">The share of the machine's limit.</param>
internal sealed record BenchStage(string Stage, double MedianMs, double MinimumMs, double? Gflops, double? Gbps, double? ShareOfLimit);
