using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Checkpoints;

/// <summary>Which tensors, of which shapes, a configuration asks for.</summary>
internal static class ModelTensors
{
    /// <summary>Lists every tensor of a model under its canonical name.</summary>
    /// <param name="config">The geometry.</param>
    public static IEnumerable<(string Name, TensorShape Shape)> Of(PaliGemmaConfig config) =>
        OfVision(config.Vision).Concat(OfProjector(config)).Concat(OfText(config.Text));

    /// <summary>Whether a weight is read element by element as float32: everything but matrices, and the position table.</summary>
    /// <param name="name">The canonical name.</param>
    /// <param name="shape">The extents.</param>
    public static bool IsWidened(string name, TensorShape shape) => shape.Rank == 1 || name == TensorNames.Positions;

    private static IEnumerable<(string Name, TensorShape Shape)> OfVision(SigLipConfig vision)
    {
        const string Prefix = "vision_tower.vision_model.";
        int width = vision.Width;
        yield return ($"{Prefix}embeddings.patch_embedding.weight", new TensorShape(width, vision.Channels, vision.PatchSize, vision.PatchSize));
        yield return ($"{Prefix}embeddings.patch_embedding.bias", new TensorShape(width));
        yield return (TensorNames.Positions, new TensorShape(vision.PatchCount, width));
        for (int layer = 0; layer < vision.Layers; layer++)
        {
            string block = $"{Prefix}encoder.layers.{layer}.";
            foreach (string norm in (string[])["layer_norm1", "layer_norm2"])
            {
                yield return ($"{block}{norm}.weight", new TensorShape(width));
                yield return ($"{block}{norm}.bias", new TensorShape(width));
            }

            foreach (string projection in (string[])["q_proj", "k_proj", "v_proj", "out_proj"])
            {
                yield return ($"{block}self_attn.{projection}.weight", new TensorShape(width, width));
                yield return ($"{block}self_attn.{projection}.bias", new TensorShape(width));
            }

            yield return ($"{block}mlp.fc1.weight", new TensorShape(vision.MlpWidth, width));
            yield return ($"{block}mlp.fc1.bias", new TensorShape(vision.MlpWidth));
            yield return ($"{block}mlp.fc2.weight", new TensorShape(width, vision.MlpWidth));
            yield return ($"{block}mlp.fc2.bias", new TensorShape(width));
        }

        yield return ($"{Prefix}post_layernorm.weight", new TensorShape(width));
        yield return ($"{Prefix}post_layernorm.bias", new TensorShape(width));
    }

    private static IEnumerable<(string Name, TensorShape Shape)> OfProjector(PaliGemmaConfig config)
    {
        yield return ("multi_modal_projector.linear.weight", new TensorShape(config.Text.Width, config.Vision.Width));
        yield return ("multi_modal_projector.linear.bias", new TensorShape(config.Text.Width));
    }

    private static IEnumerable<(string Name, TensorShape Shape)> OfText(GemmaConfig text)
    {
        int width = text.Width;
        int queries = text.Heads * text.HeadSize;
        int keys = text.KeyValueHeads * text.HeadSize;
        yield return (TensorNames.Embedding, new TensorShape(text.VocabularySize, width));
        for (int layer = 0; layer < text.Layers; layer++)
        {
            string block = $"language_model.model.layers.{layer}.";
            yield return ($"{block}self_attn.q_proj.weight", new TensorShape(queries, width));
            yield return ($"{block}self_attn.k_proj.weight", new TensorShape(keys, width));
            yield return ($"{block}self_attn.v_proj.weight", new TensorShape(keys, width));
            yield return ($"{block}self_attn.o_proj.weight", new TensorShape(width, queries));
            yield return ($"{block}mlp.gate_proj.weight", new TensorShape(text.MlpWidth, width));
            yield return ($"{block}mlp.up_proj.weight", new TensorShape(text.MlpWidth, width));
            yield return ($"{block}mlp.down_proj.weight", new TensorShape(width, text.MlpWidth));
            yield return ($"{block}input_layernorm.weight", new TensorShape(width));
            yield return ($"{block}post_attention_layernorm.weight", new TensorShape(width));
            if (text.Version == GemmaVersion.Gemma2)
            {
                yield return ($"{block}pre_feedforward_layernorm.weight", new TensorShape(width));
                yield return ($"{block}post_feedforward_layernorm.weight", new TensorShape(width));
            }
        }

        yield return ("language_model.model.norm.weight", new TensorShape(width));
    }
}
