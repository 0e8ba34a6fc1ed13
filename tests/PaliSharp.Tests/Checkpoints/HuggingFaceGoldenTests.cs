using PaliSharp.Checkpoints;
using PaliSharp.Tensors;
using Xunit;

namespace PaliSharp.Tests.Checkpoints;

[Trait("Category", "Golden")]
public class HuggingFaceGoldenTests
{
    [SkippableTheory]
    [InlineData("paligemma")]
    [InlineData("training")]
    [InlineData("big_vision")]
    public void Every_folder_loads_complete(string topic)
    {
        foreach (string folder in GoldenFolders.Require(topic, GoldenFolders.HuggingFace(topic)))
        {
            using Checkpoint checkpoint = Checkpoint.Load(folder);
            Assert.Equal(CheckpointFormat.HuggingFace, checkpoint.Format);
            int perBlock = checkpoint.Config.Text.Version == PaliSharp.Models.GemmaVersion.Gemma2 ? 11 : 9;
            Assert.Equal((16 * checkpoint.Config.Vision.Layers) + 5 + 2 + (perBlock * checkpoint.Config.Text.Layers) + 2, checkpoint.Weights.Count);
            Assert.Equal(checkpoint.Weights["language_model.model.embed_tokens.weight"].Shape[0], checkpoint.Config.Text.VocabularySize);
            Assert.Equal(File.Exists(Path.Combine(folder, "tokenizer.json")), checkpoint.TokenizerFolder is not null);
            Assert.Equal(checkpoint.Config.Vision.ImageSize, checkpoint.Preprocessing.Size);
            CheckpointReport report = CheckpointInspector.Inspect(folder);
            Assert.Empty(report.Problems);
            Assert.Equal(checkpoint.Warnings, report.Warnings);
            Assert.Equal(checkpoint.Weights.ParameterCount, report.ParameterCount);
            foreach (Weight weight in checkpoint.Weights)
            {
                if (weight.Shape.Rank == 1 || weight.Name.Contains("position_embedding", StringComparison.Ordinal))
                    Assert.Equal(WeightType.Float32, weight.Type);
                Assert.True(Array.TrueForAll(Values.Of(weight), float.IsFinite), weight.Name);
            }
        }
    }

    [SkippableFact]
    public void All_layouts_of_a_model_hold_equal_weights()
    {
        const string Topic = "paligemma";
        IEnumerable<string> models = GoldenFolders.HuggingFace(Topic).Where(folder => Path.GetFileName(folder) == "model");
        foreach (string model in GoldenFolders.Require(Topic, models))
        {
            using Checkpoint reference = Checkpoint.Load(model);
            string parent = Path.GetDirectoryName(model)!;
            foreach (string layout in Directory.EnumerateDirectories(parent, "layout_*"))
            {
                using Checkpoint checkpoint = Checkpoint.Load(layout);
                Assert.Equal(reference.Config with { EosTokenIds = [] }, checkpoint.Config with { EosTokenIds = [] });
                Assert.Equal(reference.Config.EosTokenIds, checkpoint.Config.EosTokenIds);
                AssertEqual(reference.Weights, checkpoint.Weights, value => value);
            }

            AssertRounded(reference, Path.Combine(parent, "bf16_sharded"), Values.RoundToBFloat16);
            AssertRounded(reference, Path.Combine(parent, "f16"), value => (float)(Half)value);
        }
    }

    [SkippableFact]
    public void A_resaved_model_holds_equal_weights()
    {
        IEnumerable<string> folders = GoldenFolders.HuggingFace("training").Where(folder => Path.GetFileName(folder) == "resaved");
        foreach (string resaved in GoldenFolders.Require("training", folders))
        {
            using Checkpoint reference = Checkpoint.Load(Path.GetDirectoryName(resaved)!);
            using Checkpoint checkpoint = Checkpoint.Load(resaved);
            Assert.Equal(reference.Config.Text, checkpoint.Config.Text);
            Assert.Equal(reference.Config.Vision, checkpoint.Config.Vision);
            AssertEqual(reference.Weights, checkpoint.Weights, value => value);
        }
    }

    private static void AssertRounded(Checkpoint reference, string folder, Func<float, float> round)
    {
        if (!Directory.Exists(folder))
            return;
        using Checkpoint checkpoint = Checkpoint.Load(folder);
        AssertEqual(reference.Weights, checkpoint.Weights, round);
    }

    private static void AssertEqual(WeightSet expected, WeightSet actual, Func<float, float> round)
    {
        Assert.Equal(expected.Select(weight => weight.Name), actual.Select(weight => weight.Name));
        foreach (Weight weight in expected)
            Values.AssertEqual(weight, actual[weight.Name], round);
    }
}
