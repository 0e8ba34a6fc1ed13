using System.Diagnostics;
using System.Text.Json;
using PaliSharp.Checkpoints;
using PaliSharp.Checkpoints.Synthetic;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;

namespace PaliSharp.Bench;

/// <summary>Full-size checkpoints with weights by formula: written to disk, or compared with what transformers computes with them.</summary>
internal static class SyntheticBench
{
    private const double LogitTolerance = 2e-3;

    /// <summary>Writes a checkpoint of a released size.</summary>
    public static void Write(BenchOptions options)
    {
        var clock = Stopwatch.StartNew();
        PaliGemmaConfig config = PublishedGeometry.Get(options.Variant);
        if (options.Type is WeightType.Int8 or WeightType.Int4)
            SyntheticCheckpoint.WriteQuantized(options.Folder, config, options.Type.Value);
        else
            SyntheticCheckpoint.Write(options.Folder, config, options.Type ?? WeightType.BFloat16);
        Console.WriteLine($"{options.Variant} as {options.Type ?? WeightType.BFloat16} in {options.Folder}, {clock.Elapsed.TotalSeconds:f0} s");
    }

    /// <summary>Computes picture, prompt and greedy continuation and compares every recorded value.</summary>
    /// <returns>True if logits are within 2e-3 relative L2 and greedy ids are equal where the recorded gap allows.</returns>
    public static bool Check(BenchOptions options)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(options.Folder, $"{options.Variant}.json")));
        JsonElement golden = document.RootElement;
        using SafetensorsFile recorded = SafetensorsFile.Open(Path.Combine(options.Folder, $"{options.Variant}.safetensors"));
        PaliGemmaConfig config = PublishedGeometry.Get(options.Variant);

        var clock = Stopwatch.StartNew();
        WeightSet weights = SyntheticCheckpoint.Create(config);
        Console.WriteLine($"weights by formula: {weights.ByteLength / 1e9:f2} GB in {clock.Elapsed.TotalSeconds:f0} s");
        bool isGood = CheckWeights(golden, weights);

        using var backend = new CpuBackend(new CpuOptions { Threads = options.Threads, InstructionPath = options.Path });
        var model = new PaliGemmaModel(config, backend, name => weights.TryGet(name, out Weight? weight) ? weight : null);
        var probe = new StageProbe(golden.GetProperty("stages"), recorded);
        int[] text = [.. golden.GetProperty("input_ids_after_image").EnumerateArray().Select(id => id.GetInt32())];
        int[] greedy = [.. golden.GetProperty("greedy").EnumerateArray().Select(id => id.GetInt32())];
        double[] gaps = [.. golden.GetProperty("top2_gap").EnumerateArray().Select(gap => gap.GetDouble())];

        clock.Restart();
        using Tensor images = Encode(model, probe);
        double visionSeconds = clock.Elapsed.TotalSeconds;
        using var cache = new KvCache(config.Text, backend.Pool, config.ImageTokens + text.Length + greedy.Length);
        clock.Restart();
        using Tensor hidden = model.Forward([new SequenceInput(text, config.ImageTokens + text.Length, new[] { new RowRun(images) }, cache)], probe);
        double prefillSeconds = clock.Elapsed.TotalSeconds;
        isGood &= probe.Report();
        isGood &= CompareLogits(model, hidden, config.ImageTokens, recorded, "logits_first_text", every: 1);
        isGood &= CompareLogits(model, hidden, hidden.Rows - 1, recorded, "logits_last", every: 1);

        clock.Restart();
        Tensor last = model.SelectRows(hidden, [hidden.Rows - 1]);
        for (int step = 0; step < greedy.Length; step++)
        {
            isGood &= CompareLogits(model, last, 0, recorded, $"decode/{step}/logits_every_97th", every: 97);
            using (Tensor logits = model.Logits(last))
            {
                int id = ArgMax(logits.Span);
                if (id != greedy[step])
                    Console.WriteLine($"step {step}: id {id}, recorded {greedy[step]} with a gap of {gaps[step]:g3}");

                // A gap within the tolerance of the logits may close; nothing after it can be compared.
                isGood &= id == greedy[step] || gaps[step] < 0.05;
            }

            last.Dispose();
            last = model.Forward([new SequenceInput(new[] { greedy[step] }, cache.PrefixLength, default, cache)]);
        }

        last.Dispose();
        Console.WriteLine($"vision {visionSeconds:f2} s, prefill {prefillSeconds:f2} s, {greedy.Length} steps with two heads each {clock.Elapsed.TotalSeconds:f2} s, "
            + $"peak memory {Process.GetCurrentProcess().PeakWorkingSet64 / 1e9:f2} GB");
        Console.WriteLine(isGood ? "All within the limits." : "Some values are outside of the limits.");
        GC.KeepAlive(weights);
        return isGood;
    }

    private static bool CheckWeights(JsonElement golden, WeightSet weights)
    {
        int compared = 0;
        foreach (JsonProperty expected in golden.GetProperty("weights").EnumerateObject())
        {
            Weight weight = weights[expected.Name];
            double[] first = [.. expected.Value.GetProperty("first").EnumerateArray().Select(value => value.GetDouble())];
            float[] actual = new float[first.Length];
            weight.CopyTo(0, actual.Length, actual);
            if (!first.SequenceEqual(actual.Select(value => (double)value)))
            {
                Console.WriteLine($"{expected.Name} begins with {string.Join(", ", actual)}, recorded {string.Join(", ", first)}");
                return false;
            }

            compared++;
        }

        Console.WriteLine($"weights: the first values of {compared} tensors of {weights.Count} equal");
        return compared == weights.Count;
    }

    /// <summary>The picture is a formula as well: (3y + 5x + 37c + ⌊xy/29⌋) mod 256 at row y, column x, channel c.</summary>
    private static Tensor Encode(PaliGemmaModel model, StageProbe probe)
    {
        int size = model.Config.Vision.ImageSize;
        using Tensor pixels = model.Backend.Rent(new TensorShape(1, 3, size, size));
        Span<float> values = pixels.Span;
        for (int c = 0; c < 3; c++)
        {
            for (int y = 0; y < size; y++)
            {
                for (int x = 0; x < size; x++)
                {
                    int level = ((3 * y) + (5 * x) + (37 * c) + (x * y / 29)) % 256;
                    values[(((c * size) + y) * size) + x] = ((level * (1f / 255)) - 0.5f) / 0.5f;
                }
            }
        }

        return model.EncodeImages(pixels, probe);
    }

    private static bool CompareLogits(PaliGemmaModel model, Tensor hidden, int row, SafetensorsFile recorded, string name, int every)
    {
        using Tensor selected = model.SelectRows(hidden, [row]);
        using Tensor logits = model.Logits(selected);
        float[] expected = recorded.ReadSingles(name);
        float[] actual = new float[expected.Length];
        for (int i = 0; i < actual.Length; i++)
            actual[i] = logits.Span[i * every];
        double distance = RelativeL2(actual, expected);
        Console.WriteLine($"{name,-40} relative L2 {distance:e2}");
        return distance <= LogitTolerance;
    }

    private static int ArgMax(ReadOnlySpan<float> values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
        {
            if (values[i] > values[best])
                best = i;
        }

        return best;
    }

    private static double RelativeL2(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            difference += ((double)actual[i] - expected[i]) * ((double)actual[i] - expected[i]);
            norm += (double)expected[i] * expected[i];
        }

        return Math.Sqrt(difference / norm);
    }

    /// <summary>Compares norm, first and last row of each recorded stage.</summary>
    private sealed class StageProbe(JsonElement stages, SafetensorsFile recorded) : IForwardProbe
    {
        private readonly List<(string Name, double Rows, double Norm)> _distances = [];

        public void Record(string name, Tensor value)
        {
            if (!stages.TryGetProperty(name, out JsonElement stage))
                return;
            float[] first = recorded.ReadSingles($"{name}/first_row");
            float[] last = recorded.ReadSingles($"{name}/last_row");
            float[] actual = [.. value.Row(0)[..first.Length], .. value.Row(value.Rows - 1)[..last.Length]];
            double squares = 0;
            foreach (float element in value.Span)
                squares += (double)element * element;
            double expectedNorm = stage.GetProperty("l2").GetDouble();
            _distances.Add((name, RelativeL2(actual, [.. first, .. last]), Math.Abs(Math.Sqrt(squares) - expectedNorm) / expectedNorm));
        }

        public bool Report()
        {
            foreach ((string name, double rows, double norm) in _distances.OrderByDescending(stage => stage.Rows).Take(5))
                Console.WriteLine($"{name,-40} rows {rows:e2}, norm {norm:e2}");
            Console.WriteLine($"stages: {_distances.Count} of {stages.EnumerateObject().Count()} compared; the five furthest are above");
            return _distances.Count == stages.EnumerateObject().Count() && _distances.TrueForAll(stage => stage.Rows <= LogitTolerance);
        }
    }
}
