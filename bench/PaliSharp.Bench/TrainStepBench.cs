using System.Diagnostics;
using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Training;
using PaliSharp.Training.Autodiff;
using PaliSharp.Training.Objectives;
using PaliSharp.Training.Optimisers;

namespace PaliSharp.Bench;

/// <summary>
/// The time of one full training step (forward, backward, clipping, AdamW) of shapes for which a PyTorch program exists, with the same
/// batch, lengths, loss and parameters, so that both programs measure the same work.
/// </summary>
internal static unsafe class TrainStepBench
{
    private const int Suffix = 16;
    private const int Patch = 14;

    /// <summary>Measures and reports.</summary>
    public static void Run(BenchOptions options)
    {
        PaliGemmaConfig config = Config(options.Shape);
        using var device = new CpuBackend(new CpuOptions { Threads = options.Threads, InstructionPath = options.Path });
        double peak = MachinePeaks.MultiplyAddRate(device.Team, options.Path) / 1e9;
        var parameters = new ParameterSet(ModelTensors.Of(config).Select(tensor => Random(tensor.Name, tensor.Shape)));
        using var model = new TrainableModel(config, device, _ => null, parameters);
        var optimiser = new AdamOptimiser(parameters, device);
        var loss = new LossOptions { Reduction = LossReduction.TokenMean };
        using Tensor pixels = device.Rent(new TensorShape(options.Batch, 3, config.Vision.ImageSize, config.Vision.ImageSize));
        Fill(pixels.Span, 7, 1);
        TrainingSequence[] sequences = [.. Enumerable.Range(0, options.Batch).Select(i => Sequence(i, options.Text, config.Text.VocabularySize))];
        LossTotals totals = LossTotals.Of(sequences);
        double[] times = new double[options.Repeats];
        double[] parts = new double[3];
        for (int i = -1; i < times.Length; i++)
        {
            long before = Stopwatch.GetTimestamp();
            _ = model.Evaluate(pixels, sequences, totals, loss);
            double forward = Stopwatch.GetElapsedTime(before).TotalSeconds;
            long start = Stopwatch.GetTimestamp();
            parameters.ClearGradients();
            _ = model.ForwardBackward(pixels, sequences, totals, loss);
            double computed = Stopwatch.GetElapsedTime(start).TotalSeconds;
            double norm = GradientClipping.Norm(parameters, device);
            optimiser.Update(GradientClipping.Factor(norm, 1, 1e-6), _ => new StepRate(1e-4, 1e-6));
            double whole = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (i < 0)
                continue;
            times[i] = whole;
            parts[0] += computed / times.Length;
            parts[2] += forward / times.Length;
            parts[1] += (whole - computed) / times.Length;
        }

        Array.Sort(times);
        double median = times[times.Length / 2];
        long vision = parameters.Where(parameter => !parameter.Name.StartsWith("language_model", StringComparison.Ordinal)).Sum(parameter => parameter.Count);
        long table = parameters[TensorNames.Embedding].Count;
        long tokens = config.ImageTokens + options.Text;
        double operations = 6.0 * options.Batch
            * ((vision * config.ImageTokens) + ((parameters.ElementCount - vision - table) * tokens) + (table * Suffix));
        using var process = Process.GetCurrentProcess();
        Console.WriteLine(
            $"{options.Shape}: {parameters.ElementCount / 1e6:f1} M parameters, batch {options.Batch}, {config.ImageTokens}+{options.Text} tokens, {device.Team.Size} threads: "
            + $"{median * 1e3:f0} ms a step ({parts[0] * 1e3:f0} forward and backward, of which forward {parts[2] * 1e3:f0}; {parts[1] * 1e3:f0} update), {operations / median / 1e9:f0} GFLOP/s, "
            + $"{operations / median / 1e9 / peak:p0} of the peak of {peak:f0}, peak memory {process.PeakWorkingSet64 / 1e6:f0} MB");
    }

    private static PaliGemmaConfig Config(string shape)
    {
        (int width, int visionLayers, int textLayers, int heads, int keyHeads, int headSize, int mlp, int vocabulary, int image) = shape switch
        {
            "nano" => (160, 6, 5, 4, 2, 40, 480, 1856, 112),
            "small" => (384, 8, 8, 6, 2, 64, 1536, 8192, 112),
            "medium" => (768, 12, 12, 12, 4, 64, 3072, 32768, 224),
            _ => throw new ArgumentException($"There is no shape '{shape}': nano, small and medium are."),
        };
        return new PaliGemmaConfig
        {
            Vision = new SigLipConfig { ImageSize = image, PatchSize = Patch, Width = width, MlpWidth = mlp, Layers = visionLayers, Heads = heads },
            Text = new GemmaConfig
            {
                Version = GemmaVersion.Gemma2,
                VocabularySize = vocabulary,
                Width = width,
                MlpWidth = mlp,
                Layers = textLayers,
                Heads = heads,
                KeyValueHeads = keyHeads,
                HeadSize = headSize,
                QueryScalar = headSize,
                AttentionSoftCap = 50,
                FinalSoftCap = 30,
            },
        };
    }

    // The peer reads a text of so many tokens and learns the last 16 of those that follow.
    private static TrainingSequence Sequence(int index, int text, int vocabulary)
    {
        var random = new Random(index);
        int[] ids = [.. Enumerable.Range(0, text + 1).Select(_ => random.Next(5, vocabulary))];
        return new TrainingSequence(ids, text + 1 - Suffix, [index]);
    }

    private static Parameter Random(string name, TensorShape shape)
    {
        var parameter = new Parameter(name, shape);
        float deviation = name.Contains("norm", StringComparison.Ordinal) || shape.Rank == 1 ? 0.1f : 0.02f;
        Fill(new Span<float>(parameter.Values, checked((int)parameter.Count)), name.Length, deviation);
        return parameter;
    }

    private static void Fill(Span<float> values, int seed, float deviation)
    {
        var random = new Random(seed);
        foreach (ref float value in values)
            value = (random.NextSingle() - 0.5f) * 3.46f * deviation;
    }
}
