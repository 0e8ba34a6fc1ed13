using System.Text.Json.Nodes;
using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Tests.Checkpoints;

/// <summary>A very small model made of random numbers, and its folder in the Hugging Face layout.</summary>
internal static class TinyModel
{
    public static PaliGemmaConfig Config(GemmaVersion version = GemmaVersion.Gemma2, int keyValueHeads = 2) => new()
    {
        Vision = new SigLipConfig { ImageSize = 8, PatchSize = 4, Width = 6, MlpWidth = 9, Layers = 2, Heads = 3 },
        Text = new GemmaConfig
        {
            Version = version,
            VocabularySize = 70,
            Width = 10,
            MlpWidth = 7,
            Layers = 3,
            Heads = 4,
            KeyValueHeads = keyValueHeads,
            HeadSize = 6,
            QueryScalar = 6,
            AttentionSoftCap = version == GemmaVersion.Gemma2 ? 50 : 0,
            FinalSoftCap = version == GemmaVersion.Gemma2 ? 30 : 0,
            SlidingWindow = version == GemmaVersion.Gemma2 ? 4096 : 0,
        },
        ImageTokenId = 64,
    };

    public static JsonObject ConfigJson(PaliGemmaConfig config) => new()
    {
        ["model_type"] = "paligemma",
        ["image_token_index"] = config.ImageTokenId,
        ["hidden_size"] = 2048,
        ["bos_token_id"] = 2,
        ["eos_token_id"] = 1,
        ["pad_token_id"] = 0,
        ["torch_dtype"] = "float32",
        ["text_config"] = new JsonObject
        {
            ["model_type"] = config.Text.Version == GemmaVersion.Gemma2 ? "gemma2" : "gemma",
            ["vocab_size"] = config.Text.VocabularySize,
            ["hidden_size"] = config.Text.Width,
            ["intermediate_size"] = config.Text.MlpWidth,
            ["num_hidden_layers"] = config.Text.Layers,
            ["num_attention_heads"] = config.Text.Heads,
            ["num_key_value_heads"] = config.Text.KeyValueHeads,
            ["head_dim"] = config.Text.HeadSize,
            ["query_pre_attn_scalar"] = config.Text.QueryScalar,
        },
        ["vision_config"] = new JsonObject
        {
            ["model_type"] = "siglip_vision_model",
            ["image_size"] = config.Vision.ImageSize,
            ["patch_size"] = config.Vision.PatchSize,
            ["hidden_size"] = config.Vision.Width,
            ["intermediate_size"] = config.Vision.MlpWidth,
            ["num_hidden_layers"] = config.Vision.Layers,
            ["num_attention_heads"] = config.Vision.Heads,
            ["vision_use_head"] = false,
        },
    };

    public static List<Weight> Weights(PaliGemmaConfig config, int seed = 1)
    {
        var random = new Random(seed);
        return [.. ModelTensors.Of(config).Select(tensor => Random(tensor.Name, tensor.Shape, random))];
    }

    public static Weight Random(string name, TensorShape shape, Random random)
    {
        var values = new float[shape.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = (float)((2 * random.NextDouble()) - 1);
        return Weight.FromValues(name, shape, values);
    }

    public static Weight Renamed(Weight weight, string name) => Weight.FromValues(name, weight.Shape, weight.AsSpan());

    /// <summary>The weight in a type of two bytes.</summary>
    public static unsafe Weight As(Weight weight, WeightType type)
    {
        float[] values = Values.Of(weight);
        var memory = new NativeBuffer(values.Length * 2);
        for (int i = 0; i < values.Length; i++)
        {
            if (type == WeightType.BFloat16)
                ((ushort*)memory.Pointer)[i] = (ushort)(BitConverter.SingleToUInt32Bits(Values.RoundToBFloat16(values[i])) >> 16);
            else
                ((Half*)memory.Pointer)[i] = (Half)values[i];
        }

        return new Weight(weight.Name, type, weight.Shape, memory.Pointer, memory);
    }

    public static void Write(TemporaryFolder folder, JsonObject config, IEnumerable<Weight> weights)
    {
        _ = folder.Write("config.json", config.ToJsonString());
        SafetensorsWriter.Write(folder["model.safetensors"], weights);
    }

    public static void Write(TemporaryFolder folder, GemmaVersion version = GemmaVersion.Gemma2)
    {
        PaliGemmaConfig config = Config(version);
        Write(folder, ConfigJson(config), Weights(config));
    }
}
