using System.Globalization;
using System.Text.Json;
using PaliSharp.Checkpoints;
using PaliSharp.Checkpoints.Synthetic;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Tokenization;

namespace PaliSharp.Bench;

/// <summary>
/// What quantised weights change: answers, and the distribution of the next token along answers of the model as stored. Cases come from a folder with
/// pictures and <c>expected.json</c> (picture, prompt, greedy ids); without one they are made by formula.
/// </summary>
internal static class QualityBench
{
    private const int FormulaCases = 16;
    private const int FormulaTokens = 24;
    private const int SyntheticCases = 2;
    private const int LongestAnswer = 64;

    /// <summary>Compares the storages with the checkpoint as stored.</summary>
    public static void Run(BenchOptions options)
    {
        using var backend = new CpuBackend(new CpuOptions { Threads = options.Threads, InstructionPath = options.Path });
        if (options.IsVariantNamed)
        {
            RunSynthetic(options, backend);
            return;
        }

        string model = options.Model.Length > 0 ? options.Model : BundledModel.Find() ?? throw new CheckpointException("Name a checkpoint with --model.");
        using Checkpoint stored = Checkpoint.Load(model);
        List<Case> cases = options.Folder.Length > 0 ? ReadCases(options.Folder, stored) : MakeCases(stored.Config, FormulaCases);
        List<Outcome> reference = [.. cases.Select(item => Evaluate(stored.Config, stored.Weights, backend, item))];
        Console.WriteLine($"{model}: {cases.Count} cases, {cases.Sum(item => item.Suffix.Length)} tokens; {stored.Weights.ByteLength:N0} bytes as stored");
        foreach ((WeightStorage storage, bool everything) in ((WeightStorage, bool)[])
            [(WeightStorage.BFloat16, false), (WeightStorage.Int8, false), (WeightStorage.Int8, true), (WeightStorage.Int4, false), (WeightStorage.Int4, true)])
        {
            using Checkpoint other = Checkpoint.Load(model, new CheckpointOptions { Weights = storage, QuantizeEverything = everything });
            string name = everything ? $"{storage}, small matrices too" : $"{storage}";
            Compare(name, other.Config, other.Weights, backend, cases, reference);
        }
    }

    /// <summary>Full geometry: weights by formula, pictures and tokens as well, one storage in memory at a time.</summary>
    private static void RunSynthetic(BenchOptions options, CpuBackend backend)
    {
        PaliGemmaConfig config = PublishedGeometry.Get(options.Variant);
        List<Case> cases = MakeCases(config, SyntheticCases);
        List<Outcome> reference = [];
        foreach (WeightType type in (WeightType[])[WeightType.BFloat16, WeightType.Int8, WeightType.Int4])
        {
            WeightSet weights = SyntheticCheckpoint.Create(config, type);
            if (type == WeightType.BFloat16)
                reference = [.. cases.Select(item => Evaluate(config, weights, backend, item))];
            else
                Compare($"{options.Variant} {type}", config, weights, backend, cases, reference);
            foreach (Weight weight in weights)
                (weight.Owner as IDisposable)?.Dispose();
        }
    }

    private static void Compare(
        string name, PaliGemmaConfig config, WeightSet weights, CpuBackend backend, List<Case> cases, List<Outcome> reference)
    {
        var comparison = new Comparison();
        for (int i = 0; i < cases.Count; i++)
            comparison.Add(reference[i], Evaluate(config, weights, backend, cases[i]), config.Text.VocabularySize);
        Console.WriteLine($"{name,-26} {weights.ByteLength,15:N0} bytes  {comparison}");
    }

    private static List<Case> ReadCases(string folder, Checkpoint checkpoint)
    {
        Tokenizer tokenizer = Tokenizer.Load(checkpoint.TokenizerFolder ?? throw new CheckpointException("The checkpoint has no tokenizer."));
        var encoder = new PromptEncoder(tokenizer);
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "expected.json")));
        var cases = new List<Case>();
        foreach (JsonElement item in expected.RootElement.EnumerateArray())
        {
            Image image = Image.Load(Path.Combine(folder, item.GetProperty("picture").GetString()!));
            int size = checkpoint.Preprocessing.Size;
            float[] pixels = new float[3 * size * size];
            checkpoint.Preprocessing.ToPixelValues(image, pixels);
            int[] greedy = [.. item.GetProperty("greedy").EnumerateArray().Select(id => id.GetInt32())];
            cases.Add(new Case(pixels, encoder.Encode(item.GetProperty("prompt").GetString()!).Ids, greedy));
        }

        return cases;
    }

    private static List<Case> MakeCases(PaliGemmaConfig config, int count)
    {
        var random = new Random(1);
        int size = config.Vision.ImageSize;
        int most = Math.Min(config.Text.VocabularySize, config.ImageTokenId);
        int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(most))];
        return [.. Enumerable.Range(0, count).Select(_ => new Case(
            [.. Enumerable.Range(0, 3 * size * size).Select(_ => (random.NextSingle() * 2) - 1)], Ids(8), Ids(FormulaTokens)))];
    }

    private static Outcome Evaluate(PaliGemmaConfig config, WeightSet weights, CpuBackend backend, Case item)
    {
        var probe = new StageProbe(config);
        var model = new PaliGemmaModel(config, backend, name => weights[name]);
        int size = config.Vision.ImageSize;
        using Tensor pixels = backend.Rent(new TensorShape(1, 3, size, size));
        item.Pixels.CopyTo(pixels.Span);
        using Tensor images = model.EncodeImages(pixels, probe);
        int prefix = config.ImageTokens + item.Prompt.Length;
        RowRun[] runs = [new RowRun(images)];

        // The logits that predict the suffix begin at the last position of the prompt.
        int[] ids = [.. item.Prompt, .. item.Suffix[..^1]];
        using Tensor hidden = model.Forward([new SequenceInput(ids, prefix, runs)], probe);
        using Tensor rows = model.SelectRows(hidden, [.. Enumerable.Range(prefix - 1, item.Suffix.Length)]);
        using Tensor logits = model.Logits(rows);
        return new Outcome(logits.Span.ToArray(), Greedy(model, item, prefix, runs), probe.Stages);
    }

    private static int[] Greedy(PaliGemmaModel model, Case item, int prefix, RowRun[] images)
    {
        // Without a tokenizer's end an answer by formula would never stop.
        int longest = item.Suffix.Length < FormulaTokens ? LongestAnswer : Math.Min(LongestAnswer, item.Suffix.Length);
        using var cache = new KvCache(model.Config.Text, model.Backend.Pool, prefix + longest);
        var answer = new List<int>();
        var input = new SequenceInput(item.Prompt, prefix, images, cache);
        while (answer.Count < longest)
        {
            using Tensor hidden = model.Forward([input]);
            using Tensor last = model.SelectRows(hidden, [hidden.Rows - 1]);
            using Tensor logits = model.Logits(last);
            answer.Add(Largest(logits.Span));
            if (model.Config.EosTokenIds.Contains(answer[^1]))
                break;
            input = new SequenceInput(new[] { answer[^1] }, prefix, default, cache);
        }

        return [.. answer];
    }

    private static int Largest(ReadOnlySpan<float> values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
        {
            if (values[i] > values[best])
                best = i;
        }

        return best;
    }

    private sealed record Case(float[] Pixels, int[] Prompt, int[] Suffix);

    private sealed record Outcome(float[] Logits, int[] Answer, Dictionary<string, float[]> Stages);

    /// <summary>Keeps the outputs of the stages that the report names.</summary>
    private sealed class StageProbe(PaliGemmaConfig config) : IForwardProbe
    {
        private readonly string[] _names =
        [
            "vision/post_layernorm", "projector", "text/layer00/out", $"text/layer{config.Text.Layers / 2:00}/out", "text/final_norm",
        ];

        public Dictionary<string, float[]> Stages { get; } = new(StringComparer.Ordinal);

        public void Record(string name, Tensor value)
        {
            if (_names.Contains(name))
                Stages[name] = value.Span.ToArray();
        }
    }

    private sealed class Comparison
    {
        private readonly List<double> _divergences = [];
        private int _agreements;
        private int _answers;
        private int _sameAnswers;
        private double _widestGap;
        private readonly Dictionary<string, (double Difference, double Norm)> _stages = new(StringComparer.Ordinal);

        public void Add(Outcome expected, Outcome actual, int vocabulary)
        {
            _answers++;
            _sameAnswers += expected.Answer.AsSpan().SequenceEqual(actual.Answer) ? 1 : 0;
            for (int start = 0; start < expected.Logits.Length; start += vocabulary)
            {
                ReadOnlySpan<float> p = expected.Logits.AsSpan(start, vocabulary);
                ReadOnlySpan<float> q = actual.Logits.AsSpan(start, vocabulary);
                _agreements += Largest(p) == Largest(q) ? 1 : 0;
                _widestGap = Math.Max(_widestGap, p[Largest(p)] - p[Largest(q)]); // 0 where they agree
                _divergences.Add(Divergence(p, q));
            }

            foreach ((string name, float[] stage) in expected.Stages)
                Add(name, stage, actual.Stages[name]);
            Add("logits", expected.Logits, actual.Logits);
        }

        private void Add(string name, ReadOnlySpan<float> p, ReadOnlySpan<float> q)
        {
            (double difference, double norm) = _stages.GetValueOrDefault(name);
            for (int i = 0; i < p.Length; i++)
            {
                difference += ((double)p[i] - q[i]) * ((double)p[i] - q[i]);
                norm += (double)p[i] * p[i];
            }

            _stages[name] = (difference, norm);
        }

        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"same answers {_sameAnswers}/{_answers}, top-1 {(double)_agreements / _divergences.Count:p2} ({_divergences.Count - _agreements} differ, gaps to {_widestGap:g2}), "
            + $"KL mean {_divergences.Average():e2} max {_divergences.Max():e2}, relative L2: ")
            + string.Join(", ", _stages.Select(stage => string.Create(
                CultureInfo.InvariantCulture, $"{stage.Key} {Math.Sqrt(stage.Value.Difference / stage.Value.Norm):e2}")));

        private static double Divergence(ReadOnlySpan<float> p, ReadOnlySpan<float> q)
        {
            double logP = LogSum(p);
            double logQ = LogSum(q);
            double sum = 0;
            for (int i = 0; i < p.Length; i++)
                sum += Math.Exp(p[i] - logP) * (p[i] - logP - (q[i] - logQ));
            return sum;
        }

        private static double LogSum(ReadOnlySpan<float> logits)
        {
            double largest = logits[Largest(logits)];
            double sum = 0;
            foreach (float logit in logits)
                sum += Math.Exp(logit - largest);
            return largest + Math.Log(sum);
        }
    }
}
