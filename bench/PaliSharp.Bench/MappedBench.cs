using System.Diagnostics;
using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;

namespace PaliSharp.Bench;

/// <summary>The start of a mapped model and the memory it takes: from the start of the process to the first prefill, then a few tokens.</summary>
internal static class MappedBench
{
    private const int Steps = 4;
    private const int DefaultRows = 16;

    /// <summary>Opens <c>--model</c>, computes a prompt of <c>--rows</c> tokens and four more, and prints times and peak memory.</summary>
    public static void Run(BenchOptions options)
    {
        using var process = Process.GetCurrentProcess();
        DateTime started = process.StartTime.ToUniversalTime();
        WeightStorage storage = options.Type switch
        {
            WeightType.Int8 => WeightStorage.Int8,
            WeightType.Int4 => WeightStorage.Int4,
            _ => WeightStorage.Auto,
        };
        using Checkpoint checkpoint = Checkpoint.Load(options.Model, new CheckpointOptions { Weights = storage });
        using var backend = new CpuBackend(new CpuOptions { Threads = options.Threads, InstructionPath = options.Path });
        var model = new PaliGemmaModel(checkpoint.Config, backend, name => checkpoint.Weights[name]);
        double ready = (DateTime.UtcNow - started).TotalSeconds;

        int rows = options.Rows ?? DefaultRows;
        int[] ids = [.. Enumerable.Range(0, rows).Select(i => 2 + (7919 * i % 200_000))];
        using var cache = new KvCache(checkpoint.Config.Text, backend.Pool, rows + Steps);
        var clock = Stopwatch.StartNew();
        int token = Next(model, new SequenceInput(ids, rows, Cache: cache));
        double prefill = clock.Elapsed.TotalSeconds;
        clock.Restart();
        var answer = new List<int> { token };
        for (int i = 0; i < Steps; i++)
            answer.Add(token = Next(model, new SequenceInput(new[] { token }, rows, Cache: cache)));
        double step = clock.Elapsed.TotalSeconds / Steps;
        process.Refresh();
        Console.WriteLine($"{options.Model}: {checkpoint.Weights.ParameterCount / 1e9:f2} G parameters, {checkpoint.Weights.ByteLength / 1e9:f2} GB; "
            + $"ready to prefill {ready:f2} s after the start of the process, {rows} tokens {prefill:f2} s, one more {step:f3} s, "
            + $"peak memory {process.PeakWorkingSet64 / 1e9:f2} GB; ids {string.Join(' ', answer)}");
    }

    private static int Next(PaliGemmaModel model, SequenceInput input)
    {
        using Tensor hidden = model.Forward([input]);
        using Tensor last = model.SelectRows(hidden, [hidden.Rows - 1]);
        using Tensor logits = model.Logits(last);
        ReadOnlySpan<float> row = logits.Span;
        int best = 0;
        for (int i = 1; i < row.Length; i++)
        {
            if (row[i] > row[best])
                best = i;
        }

        return float.IsFinite(row[best]) ? best : throw new InvalidOperationException("The logits are no numbers.");
    }
}
