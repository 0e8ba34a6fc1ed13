using PaliSharp.Checkpoints;
using PaliSharp.Tensors;
using PaliSharp.TestSupport;
using PaliSharp.Training.Checkpoints;
using Xunit;

namespace PaliSharp.Training.Tests.Checkpoints;

/// <summary>Models with random weights.</summary>
public sealed class CheckpointInitialiserTests : IDisposable
{
    private static readonly string Nano = Path.Combine(GoldenData.RepositoryRoot, "models", "nano");
    private readonly string _folder = Directory.CreateTempSubdirectory("palisharp-new-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void AGeometryBecomesAModel()
    {
        string first = Path.Combine(_folder, "first");
        string second = Path.Combine(_folder, "second");
        CheckpointInitialiser.Write(Nano, first, seed: 3);
        CheckpointInitialiser.Write(Nano, second, seed: 3);
        Assert.True(File.ReadAllBytes(Path.Combine(first, "model.safetensors")).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(second, "model.safetensors"))));
        using Checkpoint made = Checkpoint.Load(first);
        using Checkpoint nano = Checkpoint.Load(Nano);
        Assert.Equal(nano.Config.Vision, made.Config.Vision);
        Assert.Equal(nano.Config.Text, made.Config.Text);
        Assert.Empty(made.Warnings);
        foreach (Weight weight in made.Weights)
        {
            float[] values = new float[weight.Shape.Count];
            weight.CopyTo(values);
            if (weight.Shape.Rank == 1)
            {
                bool isLayerNorm = weight.Name.StartsWith("vision", StringComparison.Ordinal) && weight.Name.EndsWith("weight", StringComparison.Ordinal);
                Assert.All(values, value => Assert.Equal(isLayerNorm ? 1 : 0, value));
                continue;
            }

            // The sample deviation of n normal values has a deviation of its own of 1/√(2n) of the true one; five of those.
            long inputs = weight.Name is TensorNames.Embedding or TensorNames.Positions ? weight.Shape[1] : weight.Shape.Count / weight.Shape[0];
            double ratio = Math.Sqrt(values.Average(value => (double)value * value) * inputs);
            Assert.InRange(ratio, 1 - (5 / Math.Sqrt(2.0 * values.Length)), 1 + (5 / Math.Sqrt(2.0 * values.Length)));
        }
    }

    [Fact]
    public void AFolderWithoutAConfigurationIsRefused()
    {
        Assert.Throws<CheckpointException>(() => CheckpointInitialiser.Write(_folder, Path.Combine(_folder, "x")));
        string copy = Path.Combine(_folder, "copy");
        CheckpointInitialiser.Write(Nano, copy);
        Assert.Throws<CheckpointException>(() => CheckpointInitialiser.Write(copy, copy));
    }
}
