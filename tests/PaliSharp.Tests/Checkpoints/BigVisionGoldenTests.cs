using System.Text.Json;
using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;
using Xunit;

namespace PaliSharp.Tests.Checkpoints;

[Trait("Category", "Golden")]
public class BigVisionGoldenTests
{
    private const string Topic = "big_vision";

    [SkippableFact]
    public void Geometry_equals_the_description()
    {
        foreach (string file in Files())
        {
            JsonElement described = Description(file);
            using Checkpoint checkpoint = Load(file, described);
            SigLipConfig vision = checkpoint.Config.Vision;
            GemmaConfig text = checkpoint.Config.Text;
            JsonElement vit = described.GetProperty("vit");
            JsonElement llm = described.GetProperty("llm");
            Assert.Equal(CheckpointFormat.BigVision, checkpoint.Format);
            Assert.Equal(described.GetProperty("image_size").GetInt32(), vision.ImageSize);
            Assert.Equal(described.GetProperty("patch_size").GetInt32(), vision.PatchSize);
            Assert.Equal(
                (vit.GetProperty("width").GetInt32(), vit.GetProperty("depth").GetInt32(), vit.GetProperty("mlp_dim").GetInt32(), vit.GetProperty("num_heads").GetInt32()),
                (vision.Width, vision.Layers, vision.MlpWidth, vision.Heads));
            Assert.Equal(
                (llm.GetProperty("width").GetInt32(), llm.GetProperty("depth").GetInt32(), llm.GetProperty("mlp_dim").GetInt32()),
                (text.Width, text.Layers, text.MlpWidth));
            Assert.Equal(
                (llm.GetProperty("num_heads").GetInt32(), llm.GetProperty("num_kv_heads").GetInt32(), llm.GetProperty("head_dim").GetInt32()),
                (text.Heads, text.KeyValueHeads, text.HeadSize));
            Assert.Equal(described.GetProperty("vocab_size").GetInt32(), text.VocabularySize);
            Assert.Equal(described.GetProperty("vocab_size").GetInt32(), checkpoint.Config.ImageTokenId);
            bool second = llm.TryGetProperty("post_norms", out JsonElement norms) && norms.ValueKind == JsonValueKind.True;
            Assert.Equal(second ? GemmaVersion.Gemma2 : GemmaVersion.Gemma1, text.Version);
            Assert.Equal(second ? (50f, 30f) : (0f, 0f), (text.AttentionSoftCap, text.FinalSoftCap));
            Assert.Equal(described.GetProperty("parameters").GetInt64(), checkpoint.Weights.ParameterCount);
        }
    }

    [SkippableFact]
    public void Weights_equal_the_hugging_face_copy()
    {
        int compared = 0;
        foreach (string file in Files())
        {
            string folder = Path.Combine(Path.GetDirectoryName(file)!, "hf");
            if (!Directory.Exists(folder))
                continue;
            JsonElement described = Description(file);
            using Checkpoint original = Load(file, described);
            using Checkpoint copy = Checkpoint.Load(folder);
            WeightType type = Matrix(original).Type;
            if (type != Matrix(copy).Type)
                continue;
            compared++;
            Assert.Equal(copy.Config.Text with { VocabularySize = original.Config.Text.VocabularySize }, original.Config.Text);
            Assert.Equal(copy.Config.Vision, original.Config.Vision);
            Assert.Equal(copy.Weights.Select(weight => weight.Name), original.Weights.Select(weight => weight.Name));
            foreach (Weight expected in copy.Weights)
            {
                Weight actual = original.Weights[expected.Name];
                Assert.Equal(expected.Type, actual.Type);

                // The copy's table has rows for <image> and padding at its end.
                int count = checked((int)actual.Shape.Count);
                if (expected.Name != "language_model.model.embed_tokens.weight")
                    Assert.Equal(expected.Shape, actual.Shape);
                Values.AssertEqual(Values.Of(expected).AsSpan(0, count), Values.Of(actual), expected.Name);
            }
        }

        Skip.If(compared == 0, "No model has an .npz and a Hugging Face copy of the same type.");
    }

    [SkippableFact]
    public void The_bfloat16_file_is_the_rounded_float32_file()
    {
        foreach (string file in Files().Where(file => file.EndsWith("_bf16.npz", StringComparison.Ordinal)))
        {
            string full = file.Replace("_bf16.npz", "_f32.npz", StringComparison.Ordinal);
            if (!File.Exists(full))
                continue;
            using Checkpoint rounded = Checkpoint.Load(file);
            using Checkpoint reference = Checkpoint.Load(full);
            Assert.Equal(WeightType.BFloat16, Matrix(rounded).Type);
            foreach (Weight weight in reference.Weights)
                Values.AssertEqual(weight, rounded.Weights[weight.Name], Values.RoundToBFloat16);
        }
    }

    private static List<string> Files() => GoldenFolders.Require(Topic, GoldenFolders.BigVision(Topic));

    private static JsonElement Description(string file)
    {
        string path = Path.Combine(Path.GetDirectoryName(file)!, "config.json");
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.Clone();
    }

    private static Checkpoint Load(string file, JsonElement described)
    {
        JsonElement llm = described.GetProperty("llm");
        bool byWidth = described.GetProperty("query_pre_attn_norm").GetString() == "rsqrt_emb_per_head";
        float scalar = byWidth
            ? (float)llm.GetProperty("width").GetInt32() / llm.GetProperty("num_heads").GetInt32()
            : llm.GetProperty("head_dim").GetInt32();
        Checkpoint checkpoint = Checkpoint.Load(file, byWidth ? new CheckpointOptions { QueryScalar = scalar } : null);
        Assert.Equal(scalar, checkpoint.Config.Text.QueryScalar);
        return checkpoint;
    }

    private static Weight Matrix(Checkpoint checkpoint) => checkpoint.Weights["language_model.model.layers.0.mlp.down_proj.weight"];
}
