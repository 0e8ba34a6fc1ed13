using System.Globalization;
using System.Text.Json;
using PaliSharp.Checkpoints;
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
    private const int LongestAnswer = 64;

    /// <summary>Compares the storages with the checkpoint as stored.</summary>
    public static void Run(BenchOptions options)
    {
        string model = options.Model.Length > 0 ? options.Model : BundledModel.Find() ?? throw new CheckpointException("Name a checkpoint with --model.");
        using var backend = new CpuBackend(new CpuOptions { Threads = options.Threads, InstructionPath = options.Path });
        using Checkpoint stored = Checkpoint.Load(model);
        List<Case> cases = options.Folder.Length > 0 ? ReadCases(options.Folder, stored) : MakeCases(stored.Config);
        List<Outcome> reference = [.. cases.Select(item => Evaluate(stored, backend, item))];
        Console.WriteLine($"{model}: {cases.Count} cases, {cases.Sum(item => item.Suffix.Length)} tokens; {stored.Weights.ByteLength:N0} bytes as stored");
        foreach (WeightStorage storage in (WeightStorage[])[WeightStorage.BFloat16, WeightStorage.Int8, WeightStorage.Int4])
        {
            using Checkpoint other = Checkpoint.Load(model, new CheckpointOptions { Weights = storage });
            var comparison = new Comparison();
            for (int i = 0; i < cases.Count; i++)
                comparison.Add(reference[i], Evaluate(other, backend, cases[i]), stored.Config.Text.VocabularySize);
            Console.WriteLine($"{storage,-9} {other.Weights.ByteLength,15:N0} bytes  {comparison}");
        }
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

    private static List<Case> MakeCases(PaliGemmaConfig config)
    {
        var random = new Random(1);
        int size = config.Vision.ImageSize;
        int most = Math.Min(config.Text.VocabularySize, config.ImageTokenId);
        int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(most))];
        return [.. Enumerable.Range(0, FormulaCases).Select(_ => new Case(
            [.. Enumerable.Range(0, 3 * size * size).Select(_ => (random.NextSingle() * 2) - 1)], Ids(8), Ids(FormulaTokens)))];
    }

    private static Outcome Evaluate(Checkpoint checkpoint, CpuBackend backend, Case item)
    {
        WeightSet weights = checkpoint.Weights;
        PaliGemmaConfig config = checkpoint.Config;
        var model = new PaliGemmaModel(config, backend, name => weights[name]);
        int size = config.Vision.ImageSize;
        using Tensor pixels = backend.Rent(new TensorShape(1, 3, size, size));
        item.Pixels.CopyTo(pixels.Span);
        using Tensor images = model.EncodeImages(pixels);
        int prefix = config.ImageTokens + item.Prompt.Length;
        RowRun[] runs = [new RowRun(images)];

        // The logits that predict the suffix begin at the last position of the prompt.
        int[] ids = [.. item.Prompt, .. item.Suffix[..^1]];
        using Tensor hidden = model.Forward([new SequenceInput(ids, prefix, runs)]);
        using Tensor rows = model.SelectRows(hidden, [.. Enumerable.Range(prefix - 1, item.Suffix.Length)]);
        using Tensor logits = model.Logits(rows);
        return new Outcome(logits.Span.ToArray(), Greedy(model, item, prefix, runs));
    }

    private static int[] Greedy(PaliGemmaModel model, Case item, int prefix, RowRun[] images)
    {
        using var cache = new KvCache(model.Config.Text, model.Backend.Pool, prefix + LongestAnswer);
        var answer = new List<int>();
        var input = new SequenceInput(item.Prompt, prefix, images, cache);
        while (answer.Count < LongestAnswer)
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

    private sealed record Outcome(float[] Logits, int[] Answer);

    private sealed class Comparison
    {
        private readonly List<double> _divergences = [];
        private int _agreements;
        private int _answers;
        private int _sameAnswers;
        private double _widestGap;
        private double _difference;
        private double _norm;

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
                for (int i = 0; i < vocabulary; i++)
                {
                    _difference += Math.Pow((double)p[i] - q[i], 2);
                    _norm += Math.Pow(p[i], 2);
                }
            }
        }

        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"same answers {_sameAnswers}/{_answers}, top-1 {(double)_agreements / _divergences.Count:p2} ({_divergences.Count - _agreements} differ, gaps to {_widestGap:g2}), "
            + $"KL mean {_divergences.Average():e2} max {_divergences.Max():e2}, logits relative L2 {Math.Sqrt(_difference / _norm):e2}");

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
