using System.Text.Json;
using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;
using Xunit;

namespace PaliSharp.Tests.Checkpoints;

[Trait("Category", "Golden")]
public class LoraGoldenTests
{
    private const string Topic = "training";

    // The README allows 2e-5 for logits of merged models. Merged matrices themselves are one rounding away.
    private const double Tolerance = 1e-6;

    [SkippableFact]
    public void Merged_weights_equal_the_reference()
    {
        foreach (string folder in Folders())
        {
            using Checkpoint model = Checkpoint.Load(ModelOf(folder));
            LoraAdapter adapter = LoraAdapter.Load(folder, model.Weights);
            WeightSet merged = adapter.Merge(model.Weights);
            Assert.Equal(model.Weights.Select(weight => weight.Name), merged.Select(weight => weight.Name));
            string expectedFile = Path.Combine(Path.GetDirectoryName(folder)!, "expected.safetensors");
            if (!File.Exists(expectedFile))
                continue;
            using SafetensorsFile expected = SafetensorsFile.Open(expectedFile);
            HashSet<string> changed = [];
            foreach (SafetensorsEntry entry in expected.Tensors.Where(entry => entry.Name.StartsWith("merged.", StringComparison.Ordinal)))
            {
                string name = entry.Name["merged.".Length..];
                _ = changed.Add(name);
                double distance = Values.RelativeDistance(expected.ReadSingles(entry.Name), Values.Of(merged[name]));
                Assert.True(distance <= Tolerance, $"{folder}: {name} is {distance:e2} away from the reference.");
            }

            Assert.NotEmpty(changed);
            foreach (Weight weight in model.Weights.Where(weight => !changed.Contains(weight.Name)))
                Assert.Same(weight, merged[weight.Name]);
        }
    }

    [SkippableFact]
    public void Both_key_styles_give_the_same_adapter()
    {
        foreach (string folder in Folders().Where(folder => Path.GetFileName(folder) == "adapter_old_keys"))
        {
            using Checkpoint model = Checkpoint.Load(ModelOf(folder));
            LoraAdapter old = LoraAdapter.Load(folder, model.Weights);
            LoraAdapter current = LoraAdapter.Load(Path.Combine(Path.GetDirectoryName(folder)!, "adapter"), model.Weights);
            Assert.Equal(current.Updates.Keys.Order(StringComparer.Ordinal), old.Updates.Keys.Order(StringComparer.Ordinal));
            Assert.Equal(current.Replacements.Keys.Order(StringComparer.Ordinal), old.Replacements.Keys.Order(StringComparer.Ordinal));
            foreach ((string module, LowRankUpdate update) in current.Updates)
            {
                Assert.Equal(update.Scale, old.Updates[module].Scale);
                Values.AssertEqual(update.A, old.Updates[module].A);
                Values.AssertEqual(update.B, old.Updates[module].B);
                Assert.Equal(update.OutputScale is null, old.Updates[module].OutputScale is null);
            }
        }
    }

    [SkippableFact]
    public void Every_tensor_of_the_file_is_used()
    {
        foreach (string folder in Folders())
        {
            using Checkpoint model = Checkpoint.Load(ModelOf(folder));
            LoraAdapter adapter = LoraAdapter.Load(folder, model.Weights);
            using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, "adapter_model.safetensors"));
            int used = adapter.Updates.Values.Sum(update => update.OutputScale is null ? 2 : 3) + adapter.Replacements.Count;
            Assert.Equal(file.Tensors.Count, used);
            using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "adapter_config.json")));
            Assert.Equal(config.RootElement.GetProperty("use_dora").GetBoolean(), adapter.Updates.Values.First().OutputScale is not null);
        }
    }

    private static List<string> Folders() => GoldenFolders.Require(Topic, GoldenFolders.Adapters(Topic));

    // topic/model/lora_x/adapter: the model lies two levels up.
    private static string ModelOf(string folder) => Path.GetDirectoryName(Path.GetDirectoryName(folder))!;
}
