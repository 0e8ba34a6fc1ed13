using System.Text.Json;
using PaliSharp.Checkpoints;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.TestSupport;
using PaliSharp.Training.Autodiff;
using PaliSharp.Training.LowRank;
using PaliSharp.Training.Objectives;
using PaliSharp.Training.Optimisers;
using Xunit;

namespace PaliSharp.Training.Tests.LowRank;

/// <summary>LoRA, rsLoRA and DoRA against PEFT: loss, every gradient, five steps.</summary>
[Trait("Category", "Golden")]
public sealed class LoraGoldenTests
{
    // The reference's own gradients are up to 2.7e-5 (relative L2 of a tensor) from those of the same model in float64, as its README says,
    // and Adam's first steps have the size of the learning rate however small a gradient is: what five steps can be compared to is what
    // noise of that size in the gradients makes of them, measured here on the same model. The bounds below are those of the README.
    private const double GradientNoise = 2.7e-5;
    private const int NoisyRuns = 4;
    private const double NoiseFactor = 2; // the noise of either side
    private const double UpdateTolerance = 2e-3;
    private const double LossTolerance = 1e-3;

    private static readonly LossOptions TokenMean = new() { Reduction = LossReduction.TokenMean };

    public static TheoryData<string, string> Cases()
    {
        var data = new TheoryData<string, string>();
        foreach (string folder in GoldenModel.Folders)
        {
            foreach (string adapter in Directory.EnumerateDirectories(folder, "lora_*").Where(path => File.Exists(Path.Combine(path, "expected.json"))).Order())
                data.Add(folder, Path.GetFileName(adapter));
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void GradientsAndStepsEqualReference(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(path, "expected.json")));
        using Checkpoint checkpoint = Checkpoint.Load(folder);
        using var device = new CpuBackend(new CpuOptions { Threads = 2 });
        LoraLayers lora = LoraLayers.Load(Path.Combine(path, "adapter"), checkpoint.Weights);
        using TrainableModel model = Assemble(checkpoint, device, lora);
        Dictionary<string, float[]> start = lora.Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Weight.AsSpan().ToArray());
        IReadOnlyDictionary<string, GoldenTensor> expected = GoldenTensors.Load(Path.Combine(path, "expected.safetensors"));
        IReadOnlyDictionary<string, GoldenTensor> data = GoldenTensors.Load(Path.Combine(folder, "train_batches.safetensors"));

        (Tensor pixels, List<TrainingSequence> sequences) = GoldenModel.ReadBatch(device, checkpoint.Config, data, "b0.");
        LossResult result = model.ForwardBackward(pixels, sequences, LossTotals.Of(sequences), TokenMean);
        lora.CompleteGradients();
        pixels.Dispose();
        Assert.Equal(document.RootElement.GetProperty("loss_on").GetDouble(), result.Loss, 5e-5);
        int compared = 0;
        foreach ((string key, GoldenTensor tensor) in expected.Where(pair => pair.Key.StartsWith("grad.", StringComparison.Ordinal)))
        {
            compared++;
            Parameter parameter = Find(lora, key["grad.".Length..]);
            double[] wanted = tensor.Doubles();
            double difference = Difference.Relative(parameter.Gradient.AsSpan(), wanted);
            bool isNoise = key.Contains("vision_tower") && key.EndsWith("k_proj.base_layer.bias", StringComparison.Ordinal);
            Assert.True(difference <= 1e-4 || (isNoise && Difference.Largest(parameter.Gradient.AsSpan(), wanted) < 1e-5), $"{key} differs by {difference:e2}");
        }

        Assert.Equal(lora.Parameters.Count, compared);
        JsonElement log = document.RootElement.GetProperty("training").GetProperty("log");
        Course course = RunSteps(log.GetArrayLength(), checkpoint, device, lora, model, data, noise: null);
        Dictionary<string, float[]> finals = lora.Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Weight.AsSpan().ToArray());
        Dictionary<string, double> reach = lora.Parameters.ToDictionary(parameter => parameter.Name, _ => 0.0);
        double[] lossReach = new double[course.Losses.Length];
        double[] normReach = new double[course.Losses.Length];
        for (int run = 1; run <= NoisyRuns; run++)
        {
            foreach (Parameter parameter in lora.Parameters)
                start[parameter.Name].CopyTo(parameter.ValueSpan);
            lora.Refresh();
            Course noisy = RunSteps(log.GetArrayLength(), checkpoint, device, lora, model, data, new Random(run));
            for (int step = 0; step < lossReach.Length; step++)
            {
                lossReach[step] = Math.Max(lossReach[step], Math.Abs(noisy.Losses[step] - course.Losses[step]));
                normReach[step] = Math.Max(normReach[step], Math.Abs(noisy.Norms[step] - course.Norms[step]));
            }

            foreach (Parameter parameter in lora.Parameters)
            {
                double[] own = [.. finals[parameter.Name].Zip(start[parameter.Name], (value, before) => (double)value - before)];
                float[] other = [.. parameter.Weight.AsSpan().ToArray().Zip(start[parameter.Name], (value, before) => value - before)];
                reach[parameter.Name] = Math.Max(reach[parameter.Name], Difference.Relative(other, own));
            }
        }

        for (int step = 0; step < course.Losses.Length; step++)
        {
            double loss = log[step].GetProperty("loss_before").GetDouble();
            double norm = log[step].GetProperty("grad_norm").GetDouble();
            double lossBound = step == 0 ? 5e-5 : Math.Max(LossTolerance, NoiseFactor * lossReach[step]);
            double normBound = step == 0 ? 1e-4 * norm : Math.Max(UpdateTolerance * norm, NoiseFactor * normReach[step]);
            Assert.True(Math.Abs(course.Losses[step] - loss) <= lossBound, $"step {step}: the loss is {course.Losses[step]} instead of {loss}, bound {lossBound:e2}");
            Assert.True(Math.Abs(course.Norms[step] - norm) <= normBound, $"step {step}: the norm is {course.Norms[step]} instead of {norm}, bound {normBound:e2}");
        }

        foreach (Parameter parameter in lora.Parameters)
        {
            string key = expected.Keys.Single(key => key.StartsWith("final.", StringComparison.Ordinal) && Find(lora, key["final.".Length..]) == parameter);
            double[] update = [.. expected[key].Doubles().Zip(start[parameter.Name], (value, before) => value - before)];
            float[] actual = [.. finals[parameter.Name].Zip(start[parameter.Name], (value, before) => value - before)];
            double difference = Difference.Relative(actual, update);
            double bound = Math.Max(UpdateTolerance, NoiseFactor * reach[parameter.Name]);
            Assert.True(difference <= bound, $"{key}: the update differs by {difference:e2}, bound {bound:e2}");
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void SavedAdapterIsReadBackEqual(string folder, string name)
    {
        using Checkpoint checkpoint = Checkpoint.Load(folder);
        LoraLayers lora = LoraLayers.Load(Path.Combine(folder, name, "adapter"), checkpoint.Weights);
        string saved = Directory.CreateTempSubdirectory("palisharp-lora-").FullName;
        try
        {
            lora.Save(saved);
            IReadOnlyDictionary<string, GoldenTensor> original = GoldenTensors.Load(Path.Combine(folder, name, "adapter", "adapter_model.safetensors"));
            IReadOnlyDictionary<string, GoldenTensor> written = GoldenTensors.Load(Path.Combine(saved, "adapter_model.safetensors"));
            Assert.Equal(original.Keys.Order(), written.Keys.Order());
            foreach ((string key, GoldenTensor tensor) in original)
            {
                Assert.Equal(tensor.Shape, written[key].Shape);

                // Magnitudes are read as factors of the output and multiplied by the norm again.
                Assert.True(Difference.Relative(written[key].Floats(), tensor.Doubles()) <= (key.Contains("magnitude") ? 1e-6 : 0), key);
            }
        }
        finally
        {
            Directory.Delete(saved, recursive: true);
        }
    }

    private static TrainableModel Assemble(Checkpoint checkpoint, CpuBackend device, LoraLayers lora) => new(
        checkpoint.Config, device, name => checkpoint.Weights.TryGet(name, out Weight? weight) ? weight : null, lora.Parameters, lora.Updates);

    private static Parameter Find(LoraLayers lora, string key)
    {
        string path = key["base_model.model.model.".Length..].Replace(".base_layer.", ".", StringComparison.Ordinal);
        string canonical = path.StartsWith("language_model.", StringComparison.Ordinal) ? $"language_model.model.{path["language_model.".Length..]}"
            : path.StartsWith("vision_tower.", StringComparison.Ordinal) ? $"vision_tower.vision_model.{path["vision_tower.".Length..]}" : path;
        return lora.Parameters[canonical];
    }

    private static Course RunSteps(
        int steps,
        Checkpoint checkpoint,
        CpuBackend device,
        LoraLayers lora,
        TrainableModel model,
        IReadOnlyDictionary<string, GoldenTensor> data,
        Random? noise)
    {
        var optimiser = new AdamOptimiser(lora.Parameters, device, new AdamOptions { Epsilon = 1e-6 });
        var course = new Course(new double[steps], new double[steps]);
        for (int step = 0; step < steps; step++)
        {
            (Tensor pixels, List<TrainingSequence> sequences) = GoldenModel.ReadBatch(device, checkpoint.Config, data, $"b{step % 3}.");
            lora.Parameters.ClearGradients();
            course.Losses[step] = model.ForwardBackward(pixels, sequences, LossTotals.Of(sequences), TokenMean).Loss;
            lora.CompleteGradients();
            if (noise is not null)
                AddNoise(lora.Parameters, noise);
            course.Norms[step] = GradientClipping.Norm(lora.Parameters, device);
            optimiser.Update(GradientClipping.Factor(course.Norms[step], 1, 1e-6), _ => new StepRate(1e-2, 1e-2 * 1e-2));
            lora.Refresh();
            pixels.Dispose();
        }

        return course;
    }

    // Of the given relative L2 in every tensor: uniform numbers of variance 1, scaled to the root mean square of the gradient.
    private static void AddNoise(ParameterSet parameters, Random noise)
    {
        foreach (Parameter parameter in parameters)
        {
            Span<float> gradient = parameter.GradientSpan;
            double square = 0;
            foreach (float value in gradient)
                square += (double)value * value;
            double scale = GradientNoise * Math.Sqrt(3 * square / gradient.Length);
            foreach (ref float value in gradient)
                value += (float)(scale * ((2 * noise.NextDouble()) - 1));
        }
    }

    /// <summary>Losses before and gradient norms at each step.</summary>
    private sealed record Course(double[] Losses, double[] Norms);
}
