using PaliSharp.Checkpoints;
using PaliSharp.Checkpoints.Synthetic;
using PaliSharp.Models;
using PaliSharp.Tensors;
using Xunit;

namespace PaliSharp.Tests.Checkpoints;

/// <summary>Checkpoints by formula: what is written is what is made in memory, in any type, and loads like any other.</summary>
public sealed class SyntheticCheckpointTests
{
    private static readonly PaliGemmaConfig Tiny = new()
    {
        Vision = new SigLipConfig { ImageSize = 28, PatchSize = 14, Width = 24, MlpWidth = 40, Layers = 2, Heads = 3 },
        Text = PublishedGeometry.Get("paligemma2-28b-448").Text with { VocabularySize = 257216, Width = 8, MlpWidth = 20, Layers = 2, Heads = 2, KeyValueHeads = 1, HeadSize = 4, QueryScalar = 5 },
    };

    public static TheoryData<WeightType> Types => [WeightType.Float32, WeightType.BFloat16, WeightType.Float16];

    [Theory]
    [MemberData(nameof(Types))]
    public void AWrittenCheckpointLoadsAsWhatIsMadeInMemory(WeightType type)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"palisharp-{Guid.NewGuid():N}");
        try
        {
            SyntheticCheckpoint.Write(folder, Tiny, type);
            using Checkpoint checkpoint = Checkpoint.Load(folder);
            WeightSet made = SyntheticCheckpoint.Create(Tiny, type);
            Assert.Empty(checkpoint.Warnings);
            Assert.Equal(Tiny.Vision, checkpoint.Config.Vision);
            Assert.Equal(Tiny.Text, checkpoint.Config.Text);
            Assert.Equal(made.Count, checkpoint.Weights.Count);
            foreach (Weight weight in made)
                Assert.Equal(Values(weight), Values(checkpoint.Weights[weight.Name]));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void EveryReleasedSizeHasItsPublishedNumberOfParameters()
    {
        // Rows of the table beyond the 257,152 trained ones are counted, as in the published files.
        Assert.Equal(2_923_466_480, Count("paligemma-3b-224"));
        Assert.Equal(3_032_242_416, Count("paligemma2-3b-224"));
        Assert.Equal(9_662_638_832, Count("paligemma2-10b-224"));
        Assert.Equal(27_650_487_024, Count("paligemma2-28b-224"));
        Assert.Throws<ArgumentException>(() => PublishedGeometry.Get("paligemma3-1b-224"));
    }

    private static long Count(string name) => ModelTensors.Of(PublishedGeometry.Get(name)).Sum(tensor => tensor.Shape.Count);

    private static float[] Values(Weight weight)
    {
        float[] values = new float[weight.Shape.Count];
        weight.CopyTo(values);
        return values;
    }
}
