using System.Text.Json;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.TestSupport;
using PaliSharp.Training.Autodiff;
using PaliSharp.Training.Objectives;
using Xunit;

namespace PaliSharp.Training.Tests.Objectives;

/// <summary>Losses, and the gradient of every parameter of whole models, against PyTorch's.</summary>
[Trait("Category", "Golden")]
public sealed class ModelGradientGoldenTests
{
    // The reference's own distance from float64 is up to 2.7e-5; its README asks for 2e-4, the requirement for 1e-4.
    private const double GradientTolerance = 1e-4;

    public static TheoryData<string, string, bool> GradientCases()
    {
        var data = new TheoryData<string, string, bool>();
        foreach (string folder in GoldenModel.Folders)
        {
            foreach (string file in Directory.EnumerateFiles(folder, "grads_*.safetensors").Select(Path.GetFileNameWithoutExtension).Order()!)
            {
                data.Add(folder, file!, false);
                data.Add(folder, file!, true);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(GradientCases))]
    public void GradientOfEveryParameterEqualsReference(string folder, string file, bool checkpoints)
    {
        using var golden = new GoldenModel(folder);
        LossOptions options = file.StartsWith("grads_bv", StringComparison.Ordinal)
            ? new LossOptions { Reduction = LossReduction.ExampleMean, LabelSmoothing = float.Parse(file[^3..]), FinalSoftCap = false }
            : new LossOptions { Reduction = LossReduction.TokenMean };
        string batch = file.EndsWith("left", StringComparison.Ordinal) ? "batch_left" : "batch_right";
        (Tensor pixels, List<TrainingSequence> sequences) = golden.Batch(GoldenTensors.Load(Path.Combine(folder, $"{batch}.safetensors")));
        golden.Model.Tape.Watch(pixels);
        golden.Model.Tape.UsesCheckpoints = checkpoints;
        _ = golden.Model.ForwardBackward(pixels, sequences, LossTotals.Of(sequences), options);

        IReadOnlyDictionary<string, GoldenTensor> expected = GoldenTensors.Load(Path.Combine(folder, $"{file}.safetensors"));
        CompareAll(golden.Parameters, expected, "");
        using Tensor pixelGradient = golden.Model.Tape.TakeGradient(pixels)!;
        double difference = Difference.Relative(pixelGradient.Span, expected["pixel_values"].Doubles());
        Assert.True(difference <= GradientTolerance, $"pixel_values differs by {difference:e2}");
        pixels.Dispose();
    }

    [Fact]
    public void EveryLossEqualsReference()
    {
        foreach (string folder in GoldenModel.Folders)
        {
            using var golden = new GoldenModel(folder, _ => false);
            (Tensor pixels, List<TrainingSequence> sequences) = golden.Batch(GoldenTensors.Load(Path.Combine(folder, "batch_right.safetensors")));
            using JsonDocument losses = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "losses.json")));
            foreach (JsonElement item in losses.RootElement.GetProperty("table").EnumerateArray())
            {
                var options = new LossOptions
                {
                    FinalSoftCap = item.GetProperty("logits").GetString() == "as_config",
                    LabelSmoothing = item.GetProperty("smoothing").GetSingle(),
                    Smoothing = item.GetProperty("style").GetString() == "torch" ? SmoothingStyle.AllTokens : SmoothingStyle.OtherTokens,
                    Reduction = item.GetProperty("reduction").GetString() == "token_mean" ? LossReduction.TokenMean : LossReduction.ExampleMean,
                    ChunkBytes = 2000, // several runs of rows
                };
                LossResult result = golden.Model.Evaluate(pixels, sequences, LossTotals.Of(sequences), options);
                double expected = item.GetProperty("loss").GetDouble();
                Assert.True(Math.Abs(result.Loss - expected) <= 1e-5 * expected, $"{folder} {item}: {result.Loss}");
            }

            pixels.Dispose();
        }
    }

    [Fact]
    public void AccumulationByTokenCountEqualsOneBatch()
    {
        foreach (string folder in GoldenModel.Folders.Where(folder => File.Exists(Path.Combine(folder, "accumulation_grads.safetensors"))))
        {
            using var golden = new GoldenModel(folder);
            IReadOnlyDictionary<string, GoldenTensor> file = GoldenTensors.Load(Path.Combine(folder, "train_batches.safetensors"));
            (Tensor pixels0, List<TrainingSequence> first) = golden.Batch(file, "b0.");
            (Tensor pixels1, List<TrainingSequence> second) = golden.Batch(file, "b1.");
            LossTotals totals = LossTotals.Of(first.Concat(second));
            var options = new LossOptions { Reduction = LossReduction.TokenMean };
            _ = golden.Model.ForwardBackward(pixels0, first, totals, options);
            _ = golden.Model.ForwardBackward(pixels1, second, totals, options);
            CompareAll(golden.Parameters, GoldenTensors.Load(Path.Combine(folder, "accumulation_grads.safetensors")), "");
            pixels0.Dispose();
            pixels1.Dispose();
        }
    }

    [Fact]
    public void SlidingWindowEqualsReference()
    {
        foreach (string folder in GoldenModel.Folders.Where(folder => File.Exists(Path.Combine(folder, "window.safetensors"))))
        {
            using JsonDocument description = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "window.json")));
            int window = description.RootElement.GetProperty("sliding_window").GetInt32();
            using var golden = new GoldenModel(folder);
            PaliGemmaConfig config = golden.Checkpoint.Config with { Text = golden.Checkpoint.Config.Text with { SlidingWindow = window } };
            using var model = new TrainableModel(
                config, golden.Device, _ => null, golden.Parameters, null, new PaliGemmaModelOptions { UseSlidingWindow = true });
            (Tensor pixels, List<TrainingSequence> sequences) = golden.Batch(GoldenTensors.Load(Path.Combine(folder, "batch_right.safetensors")));
            LossResult result = model.ForwardBackward(pixels, sequences, LossTotals.Of(sequences), new LossOptions { Reduction = LossReduction.TokenMean });
            double loss = description.RootElement.GetProperty("loss").GetDouble();
            Assert.True(Math.Abs(result.Loss - loss) <= 1e-5 * loss, $"{folder}: {result.Loss} instead of {loss}");
            CompareAll(golden.Parameters, GoldenTensors.Load(Path.Combine(folder, "window.safetensors")), "grad.");
            pixels.Dispose();
        }
    }

    private static void CompareAll(ParameterSet parameters, IReadOnlyDictionary<string, GoldenTensor> expected, string prefix)
    {
        int compared = 0;
        foreach ((string key, GoldenTensor tensor) in expected)
        {
            if (!key.StartsWith(prefix, StringComparison.Ordinal) || !parameters.TryGet(key[prefix.Length..], out Parameter? parameter))
                continue;
            compared++;
            if (key.Contains("vision") && key.EndsWith("k_proj.bias", StringComparison.Ordinal))
            {
                // Zero in exact arithmetic: softmax does not see it.
                double largest = Difference.Largest(parameter.Gradient.AsSpan(), tensor.Doubles());
                Assert.True(largest < 1e-5, $"{key} differs by {largest:e2}");
                continue;
            }

            double difference = Difference.Relative(parameter.Gradient.AsSpan(), tensor.Doubles());
            Assert.True(difference <= GradientTolerance, $"{key} differs by {difference:e2}");
        }

        Assert.True(compared > 0 && (prefix.Length > 0 || compared == parameters.Count), $"{compared} of {parameters.Count} parameters were compared");
    }
}
