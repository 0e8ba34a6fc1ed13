using System.Text.Json;
using System.Text.Json.Nodes;
using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Training.Checkpoints;

/// <summary>Writes <c>config.json</c>: every field of the geometry, over what the source's file says beside it.</summary>
internal static class ModelConfigJson
{
    /// <summary>Builds the file.</summary>
    /// <param name="source">The source's <c>config.json</c>, or null; a file that is not there counts as none.</param>
    /// <param name="config">The geometry.</param>
    /// <param name="type">The type of the weights.</param>
    /// <exception cref="CheckpointException">The source's file is malformed.</exception>
    public static JsonObject Write(string? source, PaliGemmaConfig config, WeightType type)
    {
        JsonObject root = Read(source);
        root["architectures"] = new JsonArray("PaliGemmaForConditionalGeneration");
        root["model_type"] = "paligemma";
        root.Remove("image_token_id");
        root["image_token_index"] = config.ImageTokenId;
        root["bos_token_id"] = config.BosTokenId;
        root["eos_token_id"] ??= config.EosTokenIds[0];
        root["pad_token_id"] = config.PadTokenId;
        root["ignore_index"] = -100;
        root["projection_dim"] = config.Text.Width;
        root["hidden_size"] = config.Text.Width;
        root.Remove("vocab_size");
        root.Remove("dtype");
        root["torch_dtype"] = type.ToString().ToLowerInvariant();
        root["tie_word_embeddings"] = true;
        root["text_config"] = Text(root["text_config"] as JsonObject ?? [], config, type);
        root["vision_config"] = Vision(root["vision_config"] as JsonObject ?? [], config);
        return root;
    }

    private static JsonObject Text(JsonObject section, PaliGemmaConfig config, WeightType type)
    {
        GemmaConfig text = config.Text;
        JsonObject json = section.DeepClone().AsObject();
        json["model_type"] = text.Version == GemmaVersion.Gemma1 ? "gemma" : "gemma2";
        json["vocab_size"] = text.VocabularySize;
        json["hidden_size"] = text.Width;
        json["intermediate_size"] = text.MlpWidth;
        json["num_hidden_layers"] = text.Layers;
        json["num_attention_heads"] = text.Heads;
        json["num_key_value_heads"] = text.KeyValueHeads;
        json["head_dim"] = text.HeadSize;
        json["hidden_activation"] = "gelu_pytorch_tanh";
        json["rms_norm_eps"] = (double)(decimal)text.NormEpsilon;
        if (json["rope_parameters"] is null)
            json["rope_theta"] = text.RopeTheta;
        json["max_position_embeddings"] = text.MaxPositions;
        json["num_image_tokens"] = config.ImageTokens;
        json.Remove("dtype");
        json["torch_dtype"] = type.ToString().ToLowerInvariant();
        if (text.Version == GemmaVersion.Gemma2)
        {
            json["query_pre_attn_scalar"] = text.QueryScalar;
            json["sliding_window"] = text.SlidingWindow > 0 ? text.SlidingWindow : null;
            json["attn_logit_softcapping"] = text.AttentionSoftCap > 0 ? text.AttentionSoftCap : null;
            json["final_logit_softcapping"] = text.FinalSoftCap > 0 ? text.FinalSoftCap : null;
        }

        return json;
    }

    private static JsonObject Vision(JsonObject section, PaliGemmaConfig config)
    {
        SigLipConfig vision = config.Vision;
        JsonObject json = section.DeepClone().AsObject();
        json["model_type"] = "siglip_vision_model";
        json["hidden_size"] = vision.Width;
        json["intermediate_size"] = vision.MlpWidth;
        json["num_hidden_layers"] = vision.Layers;
        json["num_attention_heads"] = vision.Heads;
        json["image_size"] = vision.ImageSize;
        json["patch_size"] = vision.PatchSize;
        json["num_image_tokens"] = config.ImageTokens;
        json["projection_dim"] = config.Text.Width;
        json["vision_use_head"] = false;
        return json;
    }

    /// <summary>Reads a file; one that is not there is empty.</summary>
    public static JsonObject Read(string? path)
    {
        if (path is null || !File.Exists(path))
            return [];
        try
        {
            return JsonNode.Parse(File.ReadAllBytes(path)) as JsonObject ?? throw new CheckpointException($"'{path}' is no JSON object.");
        }
        catch (JsonException e)
        {
            throw new CheckpointException($"'{path}' is no JSON: {e.Message}", e);
        }
    }
}
