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
    // Adam's first steps have the size of the learning rate whatever the gradient, also where a gradient is hardly more than its rounding:
    // in these sharp models our own instruction paths end up to 1e-2 of the update apart after five steps, with equal first gradients.
    private const double UpdateTolerance = 5e-2;

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
        RunSteps(document.RootElement.GetProperty("training"), checkpoint, device, lora, model, data);
        foreach (Parameter parameter in lora.Parameters)
        {
            string key = expected.Keys.Single(key => key.StartsWith("final.", StringComparison.Ordinal) && Find(lora, key["final.".Length..]) == parameter);
            double[] update = [.. expected[key].Doubles().Zip(start[parameter.Name], (value, before) => value - before)];
            float[] actual = [.. parameter.Weight.AsSpan().ToArray().Zip(start[parameter.Name], (value, before) => value - before)];
            double difference = Difference.Relative(actual, update);
            Assert.True(difference <= UpdateTolerance, $"{key}: the update differs by {difference:e2}");
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

    private static void RunSteps(
        JsonElement training, Checkpoint checkpoint, CpuBackend device, LoraLayers lora, TrainableModel model, IReadOnlyDictionary<string, GoldenTensor> data)
    {
        var optimiser = new AdamOptimiser(lora.Parameters, device, new AdamOptions { Epsilon = 1e-6 });
        JsonElement log = training.GetProperty("log");
        for (int step = 0; step < log.GetArrayLength(); step++)
        {
            (Tensor pixels, List<TrainingSequence> sequences) = GoldenModel.ReadBatch(device, checkpoint.Config, data, $"b{step % 3}.");
            lora.Parameters.ClearGradients();
            LossResult result = model.ForwardBackward(pixels, sequences, LossTotals.Of(sequences), TokenMean);
            lora.CompleteGradients();
            double norm = GradientClipping.Norm(lora.Parameters, device);
            double loss = log[step].GetProperty("loss_before").GetDouble();
            Assert.True(Math.Abs(loss - result.Loss) <= (step == 0 ? 1e-5 : 1e-2) * loss, $"step {step}: the loss is {result.Loss} instead of {loss}");
            Assert.Equal(log[step].GetProperty("grad_norm").GetDouble(), norm, (step == 0 ? 1e-4 : 0.15) * norm);
            float factor = GradientClipping.Factor(norm, 1, 1e-6);
            optimiser.Update(factor, _ => new StepRate(1e-2, 1e-2 * 1e-2));
            lora.Refresh();
            pixels.Dispose();
        }
    }
}
