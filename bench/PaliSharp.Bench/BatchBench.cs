using System.Diagnostics;
using System.Globalization;
using PaliSharp.Batching;
using PaliSharp.Generation;
using PaliSharp.Imaging;

namespace PaliSharp.Bench;

/// <summary>
/// What sharing a batch gains: 64 items of mixed tasks, each about a picture of its own, one by one, by several clients at once, and all at once.
/// Encoded pictures are not kept, so nothing is saved by repetition.
/// </summary>
internal static class BatchBench
{
    private const int Items = 64;
    private const int Side = 448;
    private static readonly string[] Prompts = ["caption en", "detect circle", "ocr", "answer en what color is the circle?", "describe en", "detect square ; circle"];

    /// <summary>Measures, all ways in turns.</summary>
    public static async Task RunAsync(BenchOptions options)
    {
        int maxBatch = options.Rows ?? new PaliGemmaOptions().MaxBatch;
        using PaliGemma model = PaliGemma.Load(options.Model.Length > 0 ? options.Model : null, new PaliGemmaOptions
        {
            Cpu = new() { Threads = options.Threads, InstructionPath = options.Path },
            MaxBatch = maxBatch,
            PictureCacheBytes = 0,
        });
        GenerationRequest[] requests = [.. Enumerable.Range(0, Items).Select(i => new GenerationRequest(Draw(i), Prompts[i % Prompts.Length], new GenerationOptions { MaxNewTokens = 32 }))];
        foreach (int clients in (int[])[1, Items])
            _ = await MeasureAsync(model, requests, clients);

        int[] ways = [1, 8, Items];
        var steps = new Dictionary<int, (long Tokens, long Steps)>();
        var seconds = ways.ToDictionary(way => way, _ => new List<double>());
        var latencies = ways.ToDictionary(way => way, _ => new List<double>());
        for (int i = 0; i < options.Repeats; i++)
        {
            foreach (int clients in ways)
            {
                BatchStatistics before = model.GetStatistics();
                (double elapsed, double[] each) = await MeasureAsync(model, requests, clients);
                BatchStatistics after = model.GetStatistics();
                steps[clients] = (after.GeneratedTokens - before.GeneratedTokens - Items, after.DecodeSteps - before.DecodeSteps);
                seconds[clients].Add(elapsed);
                latencies[clients].AddRange(each);
            }
        }

        GenerationTimings[] alone = new GenerationTimings[Items];
        for (int i = 0; i < Items; i++)
            alone[i] = (await model.GenerateAsync(requests[i])).Timings;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"alone, mean: picture {alone.Average(item => item.Picture.TotalMilliseconds):f2} ms, prefill {alone.Average(item => item.Prefill.TotalMilliseconds):f2} ms, decode {alone.Average(item => item.Decode.TotalMilliseconds):f2} ms"));
        BatchStatistics done = model.GetStatistics();
        Console.WriteLine($"{Items} items, at most {maxBatch} together; {(double)done.GeneratedTokens / done.Completed:f1} tokens an item");
        foreach (int clients in ways)
        {
            double median = seconds[clients].Order().ElementAt(options.Repeats / 2);
            double best = seconds[clients].Min();
            double p50 = latencies[clients].Order().ElementAt(latencies[clients].Count / 2);
            double p95 = latencies[clients].Order().ElementAt(latencies[clients].Count * 95 / 100);
            double ratio = seconds[1].Order().ElementAt(options.Repeats / 2) / median;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{clients,3} at once: {Items / median,7:f1} items/s (best {Items / best:f1}), {ratio:f2} times one by one, best to best {seconds[1].Min() / best:f2}; {(double)steps[clients].Tokens / steps[clients].Steps:f1} texts a step; latency median {p50 * 1000:f1} ms, 95 % {p95 * 1000:f1} ms"));
        }
    }

    private static async Task<(double Seconds, double[] Latencies)> MeasureAsync(PaliGemma model, GenerationRequest[] requests, int clients)
    {
        var latencies = new double[requests.Length];
        int next = -1;
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(ClientAsync)));
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, latencies);

        async Task ClientAsync()
        {
            for (int i = Interlocked.Increment(ref next); i < requests.Length; i = Interlocked.Increment(ref next))
            {
                long asked = Stopwatch.GetTimestamp();
                _ = await model.GenerateAsync(requests[i]);
                latencies[i] = Stopwatch.GetElapsedTime(asked).TotalSeconds;
            }
        }
    }

    /// <summary>A circle and a square on a plain ground, different for each number.</summary>
    public static Image Draw(int number)
    {
        var random = new Random(number);
        byte[] Color() => [(byte)random.Next(256), (byte)random.Next(256), (byte)random.Next(256)];
        (byte[] ground, byte[] circle, byte[] square) = (Color(), Color(), Color());
        (int x, int y, int r) = (random.Next(80, 180), random.Next(80, Side - 80), random.Next(40, 80));
        (int left, int top, int side) = (random.Next(230, 300), random.Next(20, 300), random.Next(60, 130));
        byte[] pixels = new byte[Side * Side * 3];
        for (int i = 0; i < Side * Side; i++)
        {
            (int py, int px) = (i / Side, i % Side);
            bool isInCircle = ((px - x) * (px - x)) + ((py - y) * (py - y)) < r * r;
            bool isInSquare = px >= left && px < left + side && py >= top && py < top + side;
            (isInCircle ? circle : isInSquare ? square : ground).CopyTo(pixels, i * 3);
        }

        return Image.FromPixels(Side, Side, pixels);
    }
}
