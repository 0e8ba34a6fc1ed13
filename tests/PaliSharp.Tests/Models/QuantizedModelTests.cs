using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tests.Models;

/// <summary>The demonstration model with quantised weights: the same model API and the same consistency as with any others.</summary>
public sealed class QuantizedModelTests
{
    // Activations are rounded to eight bits on their way into a product, half a step being 0.4 % of what stands out in a block of 128 (up to
    // 0.8 % with 8-bit weights), and the rounding of eleven layers adds up in a model as narrow as this.
    private const double RoundingTolerance = 0.1;

    // Two ways to compute the same differ in the last bits of float32; now and then such a bit decides which way an activation is rounded.
    private const double ConsistencyTolerance = 3e-3;

    private static readonly string Nano = Path.Combine(GoldenData.RepositoryRoot, "models", "nano");
    private static readonly int[] Prompt = [2, 563, 400, 350, 108];
    private static readonly int[] Suffix = [640, 700, 900, 1000, 334];

    public static TheoryData<WeightStorage, InstructionPath> Machines()
    {
        var data = new TheoryData<WeightStorage, InstructionPath>();
        foreach (WeightStorage storage in new[] { WeightStorage.Int8, WeightStorage.Int4 })
        {
            data.Add(storage, InstructionPath.Auto);
            data.Add(storage, InstructionPath.Portable);
        }

        return data;
    }

    /// <summary>The float32 model made of the dequantised weights is the reference.</summary>
    [Theory]
    [MemberData(nameof(Machines))]
    public void TheModelIsThatOfItsDequantisedWeights(WeightStorage storage, InstructionPath path)
    {
        using var model = Load(storage, path);
        using Checkpoint quantized = Checkpoint.Load(Nano, new CheckpointOptions { Weights = storage, QuantizeEverything = true });
        WeightSet widened = new(quantized.Weights.Select(weight => Weight.FromValues(weight.Name, weight.Shape, Values(weight))));
        using var backend = new CpuBackend();
        var reference = new PaliGemmaModel(model.Config, backend, name => widened[name]);
        int[] ids = [.. Prompt, .. Suffix];
        float[] actual = model.Logits([new SequenceInput(ids, Prompt.Length)]);
        using Tensor hidden = reference.Forward([new SequenceInput(ids, Prompt.Length)]);
        using Tensor logits = reference.Logits(hidden);
        AssertRows(model, actual, logits.Span, RoundingTolerance);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void DecodingWithACacheEqualsComputingEverythingAtOnce(WeightStorage storage, InstructionPath path)
    {
        using var model = Load(storage, path);
        float[] whole = model.Logits([new SequenceInput((int[])[.. Prompt, .. Suffix], Prompt.Length)]);
        using var cache = new KvCache(model.Config.Text, model.Backend.Pool, 64);
        var steps = new List<float>(model.Logits([new SequenceInput(Prompt, Prompt.Length, default, cache)]));
        foreach (int id in Suffix)
            steps.AddRange(model.Logits([new SequenceInput(new[] { id }, cache.PrefixLength, default, cache)]));
        AssertRows(model, [.. steps], whole, ConsistencyTolerance);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void ASequenceIsComputedAsIfItWereAlone(WeightStorage storage, InstructionPath path)
    {
        using var model = Load(storage, path);
        SequenceInput[] batch =
        [
            new SequenceInput((int[])[.. Prompt, .. Suffix], Prompt.Length),
            new SequenceInput(new[] { 2, 350 }, 2),
            new SequenceInput(new[] { 2 }, PrefixLength: 0),
        ];
        float[] together = model.Logits(batch);
        int row = 0;
        foreach (SequenceInput sequence in batch)
        {
            float[] alone = model.Logits([sequence]);
            Assert.Equal(alone, together.AsSpan(row * model.Vocabulary, alone.Length).ToArray()); // rows are rounded one by one: to the last bit
            row += sequence.Rows;
        }
    }

    /// <summary>An adapter is computed beside quantised weights, or merged into weights that are quantised again.</summary>
    [Theory]
    [InlineData(WeightStorage.Int8, 0.01)]
    [InlineData(WeightStorage.Int4, 0.12)]
    public void AnAdapterWorksBesideAndMerged(WeightStorage storage, double tolerance)
    {
        using Checkpoint checkpoint = Checkpoint.Load(Nano, new CheckpointOptions { Weights = storage, QuantizeEverything = true });
        const string Module = "language_model.model.layers.2.mlp.down_proj";
        Weight weight = checkpoint.Weights[$"{Module}.weight"];
        var update = new LowRankUpdate(
            TestWeights.Normal(WeightType.Float32, new TensorShape(4, weight.Shape[1]), 1, 0.05f),
            TestWeights.Normal(WeightType.Float32, new TensorShape(weight.Shape[0], 4), 2, 0.05f),
            2);
        var updates = new Dictionary<string, LowRankUpdate>(StringComparer.Ordinal) { [Module] = update };
        var adapter = new LoraAdapter("", updates, new Dictionary<string, Weight>(StringComparer.Ordinal), []);
        Weight merged = adapter.Merge(checkpoint.Weights)[weight.Name];
        Assert.Equal(weight.Type, merged.Type);
        float[] expected = Values(adapter.Merge(checkpoint.Weights, WeightType.Float32)[weight.Name]);
        Assert.InRange(Checkpoints.Values.RelativeDistance(expected, Values(merged)), 1e-6, tolerance);

        using var backend = new CpuBackend();
        float[] Logits(WeightSet weights, Dictionary<string, LowRankUpdate>? beside)
        {
            var model = new PaliGemmaModel(checkpoint.Config, backend, name => weights[name], beside);
            using Tensor hidden = model.Forward([new SequenceInput(Prompt, Prompt.Length)]);
            using Tensor logits = model.Logits(hidden);
            return logits.Span.ToArray();
        }

        float[] besideLogits = Logits(checkpoint.Weights, updates);
        float[] mergedLogits = Logits(adapter.Merge(checkpoint.Weights, WeightType.Float32), null);
        Assert.InRange(Checkpoints.Values.RelativeDistance(mergedLogits, besideLogits), 0, RoundingTolerance);
        Assert.True(Checkpoints.Values.RelativeDistance(Logits(checkpoint.Weights, null), besideLogits) > 1e-3, "The adapter changes nothing.");
    }

    /// <summary>8 bits lose nothing that shows in answers.</summary>
    [Fact]
    public void EightBitsKeepTheDistribution()
    {
        using var stored = new ModelUnderTest(Nano);
        using var quantized = Load(WeightStorage.Int8, InstructionPath.Auto);
        int[] ids = [.. Prompt, .. Suffix];
        float[] expected = stored.Logits([new SequenceInput(ids, Prompt.Length)]);
        float[] actual = quantized.Logits([new SequenceInput(ids, Prompt.Length)]);
        Assert.InRange(Checkpoints.Values.RelativeDistance(expected, actual), 1e-6, 0.03);
    }

    private static ModelUnderTest Load(WeightStorage storage, InstructionPath path) =>
        new(Nano, new CheckpointOptions { Weights = storage, QuantizeEverything = true }, cpu: new CpuOptions { InstructionPath = path });

    private static float[] Values(Weight weight) => Checkpoints.Values.Of(weight);

    private static void AssertRows(ModelUnderTest model, ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int start = 0; start < expected.Length; start += model.Vocabulary)
        {
            double distance = Checkpoints.Values.RelativeDistance(
                expected.Slice(start, model.Vocabulary), actual.Slice(start, model.Vocabulary));
            Assert.InRange(distance, 0, tolerance);
        }
    }
}
