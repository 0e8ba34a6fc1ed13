using System.Diagnostics;
using System.Globalization;
using PaliSharp.Batching;
using PaliSharp.Evaluation;
using PaliSharp.Imaging;
using PaliSharp.Tasks;

namespace PaliSharp.Bench;

/// <summary>
/// What a mixed batch gains: 16 drawn scenes with four tasks each, as 64 calls one after the other and as one call. Every way answers the same
/// items with the same model and both threads; the ways are measured in turns, and each ratio is that of one turn.
/// </summary>
internal static class MixedBench
{
    private const int Scenes = 16;
    private const int TasksPerScene = 4;
    private const int Warmups = 6; // until the compiler has replaced what it compiled in haste
    private const ulong Seed = 61;

    /// <summary>Measures.</summary>
    public static async Task RunAsync(BenchOptions options)
    {
        TaskItem[] items = [.. Enumerable.Range(0, Scenes).SelectMany(Questions)];
        var defaults = new PaliGemmaOptions { Cpu = new() { Threads = options.Threads, InstructionPath = options.Path } };
        defaults = defaults with { MaxBatch = options.Rows ?? defaults.MaxBatch };
        string? path = options.Model.Length > 0 ? options.Model : null;
        using PaliGemma model = PaliGemma.Load(path, defaults with { PictureCacheBytes = 0 });

        // Room for the scene at hand and the one before: each turn encodes every scene anew, but its four questions share what came out.
        long encoded = (long)model.Config.ImageTokens * model.Config.Text.Width * sizeof(float);
        using PaliGemma keeping = PaliGemma.Load(path, defaults with { PictureCacheBytes = 2 * encoded });

        (string Name, Func<Task> Way)[] ways =
        [
            ("one by one", () => OneByOneAsync(model, items)),
            ("one by one, the scene asked about last kept encoded", () => OneByOneAsync(keeping, items)),
            ("8 callers, an item each", () => CallersAsync(model, items, 8)),
            ("one call for all", () => model.RunBatchAsync(items)),
        ];
        ways = [.. ways.Where(way => way.Name.Contains(options.Only, StringComparison.Ordinal))];
        for (int i = 0; i < Warmups; i++)
        {
            foreach ((_, Func<Task> way) in ways)
                await way();
        }

        double[][] seconds = [.. ways.Select(_ => new double[options.Repeats])];
        double[] texts = new double[ways.Length];
        for (int turn = 0; turn < options.Repeats; turn++)
        {
            for (int i = 0; i < ways.Length; i++)
            {
                (long tokens, long steps) = Written(model, keeping);
                long start = Stopwatch.GetTimestamp();
                await ways[i].Way();
                seconds[i][turn] = Stopwatch.GetElapsedTime(start).TotalSeconds;
                (long tokensAfter, long stepsAfter) = Written(model, keeping);
                texts[i] = (double)(tokensAfter - tokens - items.Length) / Math.Max(1, stepsAfter - steps); // the first token comes with the prompt
            }
        }

        BatchStatistics done = model.GetStatistics();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{items.Length} items about {Scenes} scenes, {(double)done.GeneratedTokens / done.Completed:f1} tokens an item, at most {defaults.MaxBatch} together, {options.Repeats} turns"));
        for (int i = 0; i < ways.Length; i++)
        {
            double[] gains = [.. seconds[0].Zip(seconds[i], (alone, way) => alone / way).Order()];
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{ways[i].Name,-52} {items.Length / Median(seconds[i]),7:f1} items/s   {Median(gains):f2} times one by one ({gains[0]:f2} to {gains[^1]:f2})   {texts[i]:f1} texts a step"));
        }
    }

    private static (long Tokens, long Steps) Written(params ReadOnlySpan<PaliGemma> models)
    {
        (long tokens, long steps) = (0, 0);
        foreach (PaliGemma model in models)
        {
            BatchStatistics statistics = model.GetStatistics();
            tokens += statistics.GeneratedTokens;
            steps += statistics.DecodeSteps;
        }

        return (tokens, steps);
    }

    private static async Task OneByOneAsync(PaliGemma model, TaskItem[] items)
    {
        foreach (TaskItem item in items)
            _ = await model.RunAsync(item);
    }

    private static Task CallersAsync(PaliGemma model, TaskItem[] items, int callers) => Parallel.ForEachAsync(
        items, new ParallelOptions { MaxDegreeOfParallelism = callers }, async (item, token) => _ = await model.RunAsync(item, token));

    /// <summary>Four of six kinds of task, others for each scene.</summary>
    private static IEnumerable<TaskItem> Questions(int scene)
    {
        Image image = new SceneGenerator(Seed).Draw(scene).Image;
        VisionTask[] kinds =
        [
            new CaptionTask(),
            new DetectionTask(["shape"]),
            new AnswerTask("how many shapes are there?"),
            new CaptionTask { Length = CaptionLength.Long },
            new OcrTask(),
            new SegmentationTask(["shape"]),
        ];
        return Enumerable.Range(0, TasksPerScene).Select(i => new TaskItem(image, kinds[((scene * TasksPerScene) + i) % kinds.Length]));
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);
}
