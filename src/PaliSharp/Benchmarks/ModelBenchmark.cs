using System.Diagnostics;
using PaliSharp.Imaging;
using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Benchmarks;

/// <summary>What to time.</summary>
public sealed record BenchmarkOptions
{
    /// <summary>Runs that the medians are over, at least 1; those that warm up are not counted.</summary>
    public int Runs { get; init; } = 5;

    /// <summary>Tokens written in each run, at least 1.</summary>
    public int DecodeTokens { get; init; } = 16;

    /// <summary>Text tokens of the prompt, at least 1.</summary>
    public int PromptTokens { get; init; } = 10;

    /// <summary>Sequences that write tokens at the same time in the last stage, at least 2; 0 to leave it out.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>An encoded picture to decode and resize; null for a PNG of 1280×960 pixels made by a formula.</summary>
    public byte[]? Picture { get; init; }
}

/// <summary>Times the stages of a model through the same calls that answers take, beside the limits of the machine in the same minute.</summary>
public static class ModelBenchmark
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(500);

    /// <summary>Runs the benchmark.</summary>
    /// <param name="subject">The model.</param>
    /// <param name="options">What to time; null for the defaults.</param>
    /// <param name="progress">Told what is being done.</param>
    /// <param name="cancellationToken">Stops between stages.</param>
    /// <exception cref="ArgumentException">A number in the options is not positive.</exception>
    /// <exception cref="ImageFormatException">The picture cannot be decoded.</exception>
    /// <exception cref="PromptException">Prompt and answer are longer than the model's context.</exception>
    public static BenchmarkReport Run(
        BenchmarkModel subject, BenchmarkOptions? options = null, IProgress<string>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(subject);
        options ??= new BenchmarkOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Runs, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.DecodeTokens, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.PromptTokens, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.BatchSize, nameof(options));
        PaliGemmaConfig config = subject.Model.Config;
        int positions = config.ImageTokens + options.PromptTokens;
        if (positions + options.DecodeTokens > config.Text.MaxPositions)
            throw new PromptException($"{positions} positions and {options.DecodeTokens} tokens do not fit into a context of {config.Text.MaxPositions}.");

        var run = new BenchmarkRun(subject, options);
        progress?.Report("warming up");
        for (long start = Stopwatch.GetTimestamp(); ;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            run.Execute(limits: null);
            if (Stopwatch.GetElapsedTime(start) > WarmUp)
                break;
        }

        // Before the machine is measured, which takes memory of its own.
        long memory = PeakMemory();
        run.Forget();
        bool multipliesBytes = subject.Weights.Any(weight => weight.Type is WeightType.Int8 or WeightType.Int4);
        using var limits = new MachineLimits(subject.Backend, multipliesBytes);
        for (int i = 0; i < options.Runs; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            progress?.Report($"run {i + 1} of {options.Runs}");
            run.Execute(limits);
        }

        return new BenchmarkReport
        {
            Model = subject.Name,
            Parameters = subject.Weights.ParameterCount,
            WeightBytes = subject.Weights.ByteLength,
            PromptPositions = positions,
            Threads = subject.Backend.Team.Size,
            InstructionPath = subject.Backend.Path,
            Runs = options.Runs,
            MultipliesBytes = multipliesBytes,
            PeakOperationsPerSecond = limits.TypicalOperations,
            PeakBytesPerSecond = limits.TypicalBytes,
            Stages = run.Stages(),
            PeakMemoryBytes = memory,
        };
    }

    private static long PeakMemory()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
