using System.Diagnostics;
using System.Globalization;
using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;

namespace PaliSharp.Bench;

/// <summary>What one pass costs for several sequences together: pictures through the encoder, prompts and single tokens through the decoder.</summary>
internal static class PassBench
{
    private const int PromptTokens = 8;
    private static readonly int[] Together = [1, 2, 4, 8, 16];

    /// <summary>Measures a checkpoint.</summary>
    public static void Run(BenchOptions options)
    {
        string path = options.Model.Length > 0 ? options.Model : BundledModel.Find() ?? throw new CheckpointException("Name a checkpoint with --model.");
        using var backend = new CpuBackend(new CpuOptions { Threads = options.Threads, InstructionPath = options.Path });
        using Checkpoint checkpoint = Checkpoint.Load(path);
        var model = new PaliGemmaModel(checkpoint.Config, backend, name => checkpoint.Weights.TryGet(name, out Weight? weight) ? weight : null);
        Console.WriteLine("milliseconds a sequence (median), and as a share of one alone");
        double[] alone = [];
        foreach (int count in options.Rows is { } rows ? [rows] : Together)
        {
            double[] times = [.. Measure(model, count, options.Repeats).Select(time => time / count)];
            if (alone.Length == 0)
                alone = times;
            string[] names = ["vision", "prefill", "decode"];
            Console.WriteLine($"{count,3} together: " + string.Join("   ", names.Select((name, i) =>
                string.Create(CultureInfo.InvariantCulture, $"{name} {times[i],8:f3} ({times[i] / alone[i],4:p0})"))));
        }
    }

    private static double[] Measure(PaliGemmaModel model, int count, int repeats)
    {
        PaliGemmaConfig config = model.Config;
        int size = config.Vision.ImageSize;
        using Tensor pixels = model.Backend.Rent(new TensorShape(count, config.Vision.Channels, size, size));
        var random = new Random(1);
        foreach (ref float value in pixels.Span)
            value = (random.NextSingle() * 2) - 1;
        using Tensor pictures = model.EncodeImages(pixels);
        int[] prompt = [.. Enumerable.Range(3, PromptTokens)];
        int positions = config.ImageTokens + PromptTokens;
        KvCache[] caches = [.. Enumerable.Range(0, count).Select(_ => new KvCache(config.Text, model.Backend.Pool, positions + 32))];
        SequenceInput[] prompts =
        [
            .. caches.Select((cache, i) => new SequenceInput(
                prompt, positions, new[] { new RowRun(pictures, i * config.ImageTokens, config.ImageTokens) }, cache)),
        ];
        int[] token = [5];
        SequenceInput[] tokens = [.. caches.Select(cache => new SequenceInput(token, positions, default, cache))];
        double[] medians =
        [
            Median(repeats, () => model.EncodeImages(pixels).Dispose()),
            Median(repeats, () =>
            {
                foreach (KvCache cache in caches)
                    cache.Truncate(0);
                model.Forward(prompts).Dispose();
            }),
            Median(repeats, () =>
            {
                foreach (KvCache cache in caches)
                    cache.Truncate(positions);
                using Tensor hidden = model.Forward(tokens);
                model.Logits(hidden).Dispose();
            }),
        ];
        foreach (KvCache cache in caches)
            cache.Dispose();
        return medians;
    }

    private static double Median(int repeats, Action action)
    {
        long warm = Stopwatch.GetTimestamp();
        do
            action();
        while (Stopwatch.GetElapsedTime(warm).TotalMilliseconds < 300);
        var times = new List<double>();
        for (int i = 0; i < 3 * repeats; i++)
        {
            long start = Stopwatch.GetTimestamp();
            action();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        return times.Order().ElementAt(times.Count / 2);
    }
}
