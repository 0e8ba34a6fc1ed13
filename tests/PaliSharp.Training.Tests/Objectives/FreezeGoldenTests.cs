using System.Text.Json;
using PaliSharp.Tensors;
using PaliSharp.TestSupport;
using PaliSharp.Training.Autodiff;
using PaliSharp.Training.Objectives;
using PaliSharp.Training.Optimisers;
using Xunit;

namespace PaliSharp.Training.Tests.Objectives;

/// <summary>Frozen parts: what is trained beside them gets the gradients it gets when everything is trained.</summary>
[Trait("Category", "Golden")]
public sealed class FreezeGoldenTests
{
    [SkippableFact]
    public void GradientsBesideFrozenPartsEqualReference()
    {
        List<string> folders = [.. GoldenModel.Folders.Where(folder => File.Exists(Path.Combine(folder, "freeze.json")))];
        Skip.If(folders.Count == 0 && GoldenData.Explicit is null, "The reference of frozen parts is not here.");
        Assert.NotEmpty(folders);
        foreach (string folder in folders)
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "freeze.json")));
            IReadOnlyDictionary<string, GoldenTensor> gradients = GoldenTensors.Load(Path.Combine(folder, "grads_hf_right.safetensors"));
            IReadOnlyDictionary<string, GoldenTensor> batch = GoldenTensors.Load(Path.Combine(folder, "batch_right.safetensors"));
            foreach (JsonElement pattern in document.RootElement.EnumerateArray())
            {
                string[] trained = [.. pattern.GetProperty("with_gradient").EnumerateArray().Select(name => name.GetString()!)];
                using var golden = new GoldenModel(folder, trained.Contains);
                Assert.Equal(trained.Length, golden.Parameters.Count);
                (Tensor pixels, List<TrainingSequence> sequences) = golden.Batch(batch);
                _ = golden.Model.ForwardBackward(pixels, sequences, LossTotals.Of(sequences), new LossOptions { Reduction = LossReduction.TokenMean });
                foreach (Parameter parameter in golden.Parameters.Where(parameter => !parameter.Name.EndsWith("k_proj.bias", StringComparison.Ordinal)))
                {
                    double difference = Difference.Relative(parameter.Gradient.AsSpan(), gradients[parameter.Name].Doubles());
                    Assert.True(difference <= 1e-4, $"{pattern.GetProperty("name")}: {parameter.Name} differs by {difference:e2}");
                }

                double norm = GradientClipping.Norm(golden.Parameters, golden.Device);
                string key = pattern.EnumerateObject().First(entry => entry.Value.ValueKind == JsonValueKind.Number).Name;
                Assert.Equal(pattern.GetProperty(key).GetDouble(), norm, 1e-4 * norm);
                pixels.Dispose();
            }
        }
    }
}
