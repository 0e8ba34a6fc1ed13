using PaliSharp.Checkpoints;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Tensors.Quantization;
using PaliSharp.TestSupport;
using PaliSharp.Training.Autodiff;
using PaliSharp.Training.LowRank;
using PaliSharp.Training.Objectives;
using Xunit;

namespace PaliSharp.Training.Tests.LowRank;

/// <summary>New adapters, merging, adapters over 8-bit weights, dropout.</summary>
public sealed unsafe class LoraLayersTests
{
    private static readonly LossOptions TokenMean = new() { Reduction = LossReduction.TokenMean };

    private static string Folder => GoldenModel.Folders.First(folder => Path.GetFileName(folder) == "pg2");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void NewAdapterChangesNothingAtFirst(bool dora)
    {
        using Checkpoint checkpoint = Checkpoint.Load(Folder);
        using var device = new CpuBackend(new CpuOptions { Threads = 2 });
        LoraLayers lora = LoraLayers.Create(new LoraOptions { Rank = 3, Dora = dora, ModulesToSave = ["multi_modal_projector"] }, checkpoint.Weights, seed: 5);
        Assert.Equal(3 * 7 + (2 * 3), lora.Updates.Count); // three decoder layers, two of the vision tower
        Assert.True(lora.Parameters.TryGet("multi_modal_projector.linear.bias", out _));
        double before = Loss(checkpoint, checkpoint.Weights, device, null);
        double after = Loss(checkpoint, checkpoint.Weights, device, lora);
        Assert.Equal(before, after, 1e-5);
    }

    [Fact]
    public void MergedEqualsBesideAndCanBeTakenOut()
    {
        using Checkpoint checkpoint = Checkpoint.Load(Folder);
        using var device = new CpuBackend(new CpuOptions { Threads = 2 });
        LoraLayers lora = LoraLayers.Create(new LoraOptions { Rank = 3, RankStabilised = true }, checkpoint.Weights, seed: 5);
        foreach (Parameter parameter in lora.Parameters)
            TestNumbers.Normal((int)parameter.Count, parameter.Name.Length, 0.05f).CopyTo(new Span<float>(parameter.Values, (int)parameter.Count));
        WeightSet merged = lora.ToAdapter().Merge(checkpoint.Weights);
        Assert.Equal(Loss(checkpoint, checkpoint.Weights, device, lora), Loss(checkpoint, merged, device, null), 1e-4);
        WeightSet restored = LoraMerging.Unmerge(merged, lora.ToAdapter());
        foreach (Weight weight in checkpoint.Weights)
            Assert.True(Difference.Relative(restored[weight.Name].AsSpan(), [.. weight.AsSpan().ToArray().Select(value => (double)value)]) < 1e-6, weight.Name);
    }

    [Theory]
    [InlineData(WeightType.Int8)]
    [InlineData(WeightType.Int4)]
    public void GradientsOverQuantizedWeightsEqualThoseOverTheirRoundedValues(WeightType type)
    {
        // For a given dy they depend on the weight's values alone: that the way forward rounds activations does not enter.
        const int Inputs = 70, Outputs = 37, Rank = 3, Rows = 9;
        var dense = new Parameter("w", new TensorShape(Outputs, Inputs));
        Fill(dense, 1);
        Weight quantized = Quantizer.Quantize(dense.Weight, type);
        Dictionary<string, float[]> a = Gradients(quantized);
        Dictionary<string, float[]> b = Gradients(Parameter.CopyOf(quantized).Weight);
        foreach ((string name, float[] gradient) in a)
            Assert.True(Difference.Relative(gradient, [.. b[name].Select(value => (double)value)]) < 5e-6, name);

        static void Fill(Parameter parameter, int seed) =>
            TestNumbers.Normal((int)parameter.Count, seed).CopyTo(new Span<float>(parameter.Values, (int)parameter.Count));

        static Dictionary<string, float[]> Gradients(Weight weight)
        {
            using var device = new CpuBackend(new CpuOptions { Threads = 2 });
            Parameter before = new("before", new TensorShape(Inputs, 5)), down = new("down", new TensorShape(Rank, Inputs)), up = new("up", new TensorShape(Outputs, Rank));
            Fill(before, 2);
            Fill(down, 3);
            Fill(up, 4);
            using var tape = new TapeBackend(device, new ParameterSet([before, down, up]));
            using Tensor source = tape.Rent(new TensorShape(Rows, 5));
            TestNumbers.Normal(Rows * 5, 5).CopyTo(source.Span);
            using Tensor x = tape.Linear(source, before.Weight);
            using Tensor h = tape.Linear(x, down.Weight);
            using Tensor low = tape.Linear(h, up.Weight);
            using Tensor high = tape.Linear(x, weight);
            using Tensor y = tape.Add(high, low, 2);
            Tensor dy = tape.Rent(y.Shape);
            TestNumbers.Normal(Rows * Outputs, 6).CopyTo(dy.Span);
            tape.Seed(y, dy);
            tape.Backward();
            return new[] { before, down, up }.ToDictionary(parameter => parameter.Name, parameter => parameter.Gradient.AsSpan().ToArray());
        }
    }

    [Fact]
    public void DropoutIsRepeatableAndKeepsTheExpectation()
    {
        using Checkpoint checkpoint = Checkpoint.Load(Folder);
        using var device = new CpuBackend(new CpuOptions { Threads = 2 });
        var a = new Parameter("a", new TensorShape(1, 1000)) { InputDropout = 0.25f };
        new Span<float>(a.Values, 1000).Fill(1);
        using var tape = new TapeBackend(device, new ParameterSet([a])) { DropoutSeed = 7 };
        using Tensor x = tape.Rent(new TensorShape(200, 1000));
        x.Span.Fill(1);
        using Tensor y = tape.Linear(x, a.Weight);
        double mean = y.Span.ToArray().Average();
        Assert.InRange(mean, 990, 1010);
        Assert.NotEqual(1000, mean);
        Tensor one = tape.Rent(y.Shape);
        one.Span.Fill(1);
        tape.Seed(y, one);
        tape.Backward();
        Assert.Equal(200.0, a.Gradient.AsSpan().ToArray().Average(), 4.0);
        Assert.Contains(a.Gradient.AsSpan().ToArray(), value => Math.Abs(value - 200) > 5);
    }

    [Fact]
    public void TargetsThatMatchNothingAreRefused()
    {
        using Checkpoint checkpoint = Checkpoint.Load(Folder);
        RecipeException exception = Assert.Throws<RecipeException>(() => LoraLayers.Create(new LoraOptions { Targets = ["query"] }, checkpoint.Weights));
        Assert.Contains("query", exception.Message);
    }

    private static double Loss(Checkpoint checkpoint, WeightSet weights, CpuBackend device, LoraLayers? lora) => Run(checkpoint, weights, device, lora);

    private static double Run(Checkpoint checkpoint, WeightSet weights, CpuBackend device, LoraLayers? lora)
    {
        using var model = new TrainableModel(
            checkpoint.Config, device, name => weights.TryGet(name, out Weight? weight) ? weight : null, lora?.Parameters ?? new ParameterSet([]), lora?.Updates);
        IReadOnlyDictionary<string, GoldenTensor> data = GoldenTensors.Load(Path.Combine(Folder, "batch_right.safetensors"));
        (Tensor pixels, List<TrainingSequence> sequences) = GoldenModel.ReadBatch(device, checkpoint.Config, data, "");
        using (pixels)
            return model.ForwardBackward(pixels, sequences, LossTotals.Of(sequences), TokenMean).Loss;
    }
}
