using PaliSharp.Benchmarks;
using PaliSharp.Checkpoints;
using PaliSharp.Checkpoints.Synthetic;
using PaliSharp.Models;
using PaliSharp.Tensors;
using Xunit;

namespace PaliSharp.Tests.Benchmarks;

public sealed class ModelBenchmarkTests
{
    private static readonly PaliGemmaConfig Small = new()
    {
        Vision = new SigLipConfig { ImageSize = 28, PatchSize = 14, Width = 32, MlpWidth = 48, Layers = 2, Heads = 2 },
        Text = new GemmaConfig
        {
            Version = GemmaVersion.Gemma2,
            VocabularySize = 300,
            Width = 48,
            MlpWidth = 64,
            Layers = 2,
            Heads = 4,
            KeyValueHeads = 2,
            HeadSize = 16,
            QueryScalar = 16,
            AttentionSoftCap = 50,
            FinalSoftCap = 30,
            MaxPositions = 64,
        },
    };

    [Fact]
    public void Synthetic_weights_follow_the_law_rounded_to_bfloat16()
    {
        using BenchmarkModel model = BenchmarkModel.Synthesize("small", Small, new() { Threads = 2 }, WeightStorage.Auto, CancellationToken.None);
        foreach (Weight weight in model.Weights)
        {
            int count = (int)weight.Shape.Count;
            float[] law = new float[count];
            SyntheticLaw.Fill(weight.Name, weight.Shape, 0, law);
            float[] stored = new float[count];
            weight.CopyTo(stored);
            for (int i = 0; i < count; i++)
            {
                Assert.Equal(0u, BitConverter.SingleToUInt32Bits(stored[i]) & 0xFFFF);
                Assert.InRange(Math.Abs(stored[i] - law[i]), 0, Math.Abs(law[i]) / 256);
            }
        }
    }

    [Fact]
    public void Costs_are_those_of_the_geometry()
    {
        using BenchmarkModel model = BenchmarkModel.Synthesize("small", Small, new() { Threads = 1 }, WeightStorage.Auto, CancellationToken.None);
        BenchmarkReport report = ModelBenchmark.Run(model, new BenchmarkOptions { Runs = 2, DecodeTokens = 2, PromptTokens = 3, BatchSize = 3 });
        Assert.Contains(report.Stages, stage => stage.Name == "decode x3");
        Assert.Equal(4 + 3, report.PromptPositions);
        BenchmarkStage vision = report.Stages.Single(stage => stage.Name == "vision");
        double perPatch = (3 * 14 * 14 * 32) + (2 * ((4 * 32 * 32) + (2 * 32 * 48))) + (32 * 48);
        Assert.Equal(2 * ((4 * perPatch) + (2 * 4 * 4 * 32 * 2)), vision.Operations);
        BenchmarkStage prefill = report.Stages.Single(stage => stage.Name == "prefill");
        double perPosition = 2 * ((48 * 64 * 2) + (48 * 32 * 2) + (3 * 48 * 64));
        Assert.Equal(2 * ((7 * perPosition) + (300 * 48) + (2 * 7 * 7 * 64 * 2)), prefill.Operations);
        BenchmarkStage decode = report.Stages.Single(stage => stage.Name == "decode");
        double matrices = (2 * 48 * 300) + (2 * perPosition);
        double norms = 4 * 48 * ((4 * 2) + 1);
        Assert.Equal(matrices + norms + KvCache.ByteSize(Small.Text, 8), decode.Bytes);
        Assert.Equal(decode.Bytes + (2 * KvCache.ByteSize(Small.Text, 7)) - KvCache.ByteSize(Small.Text, 8) + KvCache.ByteSize(Small.Text, 7), report.Stages[^1].Bytes);
        Assert.All(report.Stages, stage => Assert.InRange(stage.MinimumMilliseconds, 0, stage.MedianMilliseconds));
        Assert.All(report.Stages, stage => Assert.Equal(stage.Operations is null && stage.Bytes is null, stage.ShareOfLimit is null));
        Assert.False(report.MultipliesBytes);
    }

    [Fact]
    public void Prompts_longer_than_the_context_are_refused()
    {
        using BenchmarkModel model = BenchmarkModel.Synthesize("small", Small, new() { Threads = 1 }, WeightStorage.Auto, CancellationToken.None);
        Assert.Throws<PromptException>(() => ModelBenchmark.Run(model, new BenchmarkOptions { PromptTokens = 60, DecodeTokens = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => ModelBenchmark.Run(model, new BenchmarkOptions { Runs = 0 }));
    }

    [Fact]
    public void Only_released_sizes_can_be_named() =>
        Assert.Throws<ArgumentException>(() => BenchmarkModel.Synthesize("paligemma9-1b-224"));
}
