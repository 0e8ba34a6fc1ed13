using PaliSharp.Tensors;
using PaliSharp.TestSupport;
using PaliSharp.Training.Checkpoints;
using Xunit;

namespace PaliSharp.Training.Tests.Checkpoints;

/// <summary>Resampled position tables against big_vision's.</summary>
[Trait("Category", "Golden")]
public sealed class PositionTableTests
{
    [Fact]
    public void ResampledTableEqualsReference()
    {
        List<string> files = [.. GoldenData.Topic("big_vision").Select(folder => Path.Combine(folder, "ops.safetensors")).Where(File.Exists)];
        GoldenData.RequireCases("big_vision", files);
        int compared = 0;
        foreach (string file in files)
        {
            IReadOnlyDictionary<string, GoldenTensor> values = GoldenTensors.Load(file);
            foreach (string key in values.Keys.Where(key => key.StartsWith("posemb/", StringComparison.Ordinal) && key.EndsWith("/in", StringComparison.Ordinal)))
            {
                string name = key[..^"/in".Length];
                GoldenTensor input = values[key];
                GoldenTensor output = values[$"{name}/out"];
                int width = input.Shape[^1];
                Weight table = Weight.FromValues("positions", new TensorShape(input.Count / width, width), input.Floats());
                Weight resampled = PositionTable.Resample(table, (int)Math.Sqrt(output.Count / width));
                Assert.True(Difference.Largest(resampled.AsSpan(), output.Doubles()) <= 1e-6, name);
                compared++;
            }
        }

        Assert.True(compared > 0, "The reference has no position tables.");
    }
}
