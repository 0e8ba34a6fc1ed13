using System.CommandLine;
using PaliSharp.Benchmarks;
using PaliSharp.Checkpoints;
using PaliSharp.Checkpoints.Hub;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;
using PaliSharp.Models;
using PaliSharp.Tensors.Cpu;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp bench</c>: how fast a model is on this machine.</summary>
internal static class BenchCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Option<string?> model = new("--model", "-m")
        {
            Description = "Checkpoint folder, .npz file or OWNER/NAME[@REVISION] that was pulled. Default: the demonstration model.",
            HelpName = "MODEL",
        };
        Option<string?> synthetic = new("--synthetic")
        {
            Description = "Make a model of a released size in memory, with weights from a formula; bfloat16 unless --weights says otherwise.",
            HelpName = "SIZE",
        };
        synthetic.AcceptOnlyFromAmong([.. PublishedGeometry.Names]);
        Option<string?> image = new("--image", "-i") { Description = "A picture to decode and resize. Default: a PNG of 1280x960.", HelpName = "FILE" };
        Option<int?> runs = new Option<int?>("--runs") { Description = "Runs that the medians are over. Default: 5.", HelpName = "N" }.Between(1, 1000);
        Option<int?> tokens = new Option<int?>("--tokens") { Description = "Tokens written in each run. Default: 16.", HelpName = "N" }.Between(1, 100_000);
        Option<int?> batch = new Option<int?>("--batch") { Description = "Sequences that write at the same time in the last stage; 0 for none. Default: 8.", HelpName = "N" }.Between(0, 1024);
        Option<int?> prompt = new Option<int?>("--prompt-tokens") { Description = "Text tokens of the prompt. Default: 10.", HelpName = "N" }.Between(1, 100_000);
        var weights = new WeightsOption();
        var cpu = new CpuChoice();
        var output = new OutputOptions();
        var verb = new Verb(
            "bench",
            "Times the stages of an answer, beside the arithmetic and memory limits of the machine measured in the same run.",
            "palisharp bench",
            "palisharp bench --model google/paligemma2-3b-mix-448 --runs 3",
            "palisharp bench --synthetic paligemma2-3b-224 --threads 8 --json")
        {
            model,
            synthetic,
            image,
            runs,
            tokens,
            prompt,
            batch,
        };
        weights.AddTo(verb);
        cpu.AddTo(verb);
        output.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            string? path = parsed.GetValue(model);
            string? size = parsed.GetValue(synthetic);
            if (path is not null && size is not null)
                throw new UsageException("--model and --synthetic exclude each other.");
            var options = new BenchmarkOptions
            {
                Runs = parsed.GetValue(runs) ?? 5,
                DecodeTokens = parsed.GetValue(tokens) ?? 16,
                BatchSize = parsed.GetValue(batch) ?? 8,
                PromptTokens = parsed.GetValue(prompt) ?? 10,
                Picture = parsed.GetValue(image) is { } file ? File.ReadAllBytes(file) : null,
            };
            return RunAsync(host, output.Read(parsed), () => Open(host, path, size, weights.Read(parsed), cpu.Read(parsed), cancellationToken), options, cancellationToken);
        });
        return verb;
    }

    private static async Task<int> RunAsync(
        CliHost host, OutputChoice output, Func<BenchmarkModel> open, BenchmarkOptions options, CancellationToken cancellationToken)
    {
        var progress = new ProgressDisplay(host, output);
        using BenchmarkModel model = await progress.SpinAsync("Loading", () => Task.Run(open, cancellationToken));
        BenchmarkReport report = await progress.SpinAsync(
            "Measuring", () => Task.Run(() => ModelBenchmark.Run(model, options, cancellationToken: cancellationToken), cancellationToken));
        if (output.Json)
            JsonLines.Write(host.Output, BenchLine.Of(report));
        else
            BenchTable.Write(host, report);
        return ExitCode.Success;
    }

    private static BenchmarkModel Open(
        CliHost host, string? model, string? size, WeightStorage weights, CpuOptions cpu, CancellationToken cancellationToken)
    {
        string? path = model is null ? null : HubModelResolver.Resolve(model, HubOptions.FromEnvironment(host.Variable));
        try
        {
            return size is null ? BenchmarkModel.Open(path, cpu, weights) : BenchmarkModel.Synthesize(size, cpu, weights, cancellationToken);
        }
        catch (Exception exception) when (exception is ArgumentException or PlatformNotSupportedException)
        {
            throw new UsageException(exception.Message);
        }
    }
}
