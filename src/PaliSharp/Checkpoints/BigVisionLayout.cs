using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Checkpoints;

/// <summary>How one array of a big_vision file becomes weights: one for each index of the leading axes, the others reordered.</summary>
/// <param name="Key">The array's key, without a <c>params/</c> prefix.</param>
/// <param name="Extents">The extents it must have.</param>
/// <param name="Leading">How many leading axes number the weights: layers, and parts of a fused array.</param>
/// <param name="Axes">The order of the remaining axes in the weight.</param>
/// <param name="Shape">The shape of one weight; its axes may join several of the array's.</param>
/// <param name="Name">The canonical name by layer and part.</param>
internal sealed record BigVisionArray(
    string Key, int[] Extents, int Leading, int[] Axes, TensorShape Shape, Func<int, int, string> Name);

/// <summary>The arrays of a big_vision PaliGemma: keys, shapes, and what they are called in the canonical layout.</summary>
internal static class BigVisionLayout
{
    private const string ImageBlock = "img/Transformer/encoderblock/";
    private const string Attention = ImageBlock + "MultiHeadDotProductAttention_0/";
    private const string Vision = "vision_tower.vision_model.";

    /// <summary>The arrays whose shapes tell the geometry.</summary>
    public const string PatchKernel = "img/embedding/kernel";

    /// <inheritdoc cref="PatchKernel"/>
    public const string Positions = "img/pos_embedding";

    /// <inheritdoc cref="PatchKernel"/>
    public const string ImageQuery = Attention + "query/kernel";

    /// <inheritdoc cref="PatchKernel"/>
    public const string ImageMlp = ImageBlock + "MlpBlock_0/Dense_0/kernel";

    /// <inheritdoc cref="PatchKernel"/>
    public const string Table = "llm/embedder/input_embedding";

    /// <inheritdoc cref="PatchKernel"/>
    public const string Query = "llm/layers/attn/q_einsum/w";

    /// <inheritdoc cref="PatchKernel"/>
    public const string KeyValue = "llm/layers/attn/kv_einsum/w";

    /// <summary>Stands for the two above where there are as many key as query heads.</summary>
    public const string Fused = "llm/layers/attn/qkv_einsum/w";

    /// <inheritdoc cref="PatchKernel"/>
    public const string MlpOut = "llm/layers/mlp/linear";

    /// <summary>Only Gemma 2 has it.</summary>
    public const string PostNorm = "llm/layers/post_attention_norm/scale";

    /// <summary>Lists the arrays of a model.</summary>
    /// <param name="config">The geometry.</param>
    /// <param name="fused">Whether queries, keys and values share one array.</param>
    public static IEnumerable<BigVisionArray> Of(PaliGemmaConfig config, bool fused) =>
        OfVision(config).Concat(OfText(config.Text, fused));

    private static IEnumerable<BigVisionArray> OfVision(PaliGemmaConfig config)
    {
        SigLipConfig v = config.Vision;
        yield return One(PatchKernel, [v.PatchSize, v.PatchSize, v.Channels, v.Width], [3, 2, 0, 1],
            new TensorShape(v.Width, v.Channels, v.PatchSize, v.PatchSize), $"{Vision}embeddings.patch_embedding.weight");
        yield return One("img/embedding/bias", [v.Width], [0], new TensorShape(v.Width), $"{Vision}embeddings.patch_embedding.bias");
        yield return One(Positions, [1, v.PatchCount, v.Width], [0, 1, 2], new TensorShape(v.PatchCount, v.Width), TensorNames.Positions);
        foreach ((string part, string name) in ((string, string)[])[("scale", "weight"), ("bias", "bias")])
        {
            foreach (int norm in (int[])[0, 1])
            {
                yield return Layers($"{ImageBlock}LayerNorm_{norm}/{part}", [v.Layers, v.Width], [0], new TensorShape(v.Width),
                    layer => $"{Vision}encoder.layers.{layer}.layer_norm{norm + 1}.{name}");
            }

            yield return One($"img/Transformer/encoder_norm/{part}", [v.Width], [0], new TensorShape(v.Width), $"{Vision}post_layernorm.{name}");
        }

        foreach ((string part, string name) in ((string, string)[])[("query", "q_proj"), ("key", "k_proj"), ("value", "v_proj")])
        {
            yield return Layers($"{Attention}{part}/kernel", [v.Layers, v.Width, v.Heads, v.HeadSize], [1, 2, 0], new TensorShape(v.Width, v.Width),
                layer => $"{Vision}encoder.layers.{layer}.self_attn.{name}.weight");
            yield return Layers($"{Attention}{part}/bias", [v.Layers, v.Heads, v.HeadSize], [0, 1], new TensorShape(v.Width),
                layer => $"{Vision}encoder.layers.{layer}.self_attn.{name}.bias");
        }

        yield return Layers($"{Attention}out/kernel", [v.Layers, v.Heads, v.HeadSize, v.Width], [2, 0, 1], new TensorShape(v.Width, v.Width),
            layer => $"{Vision}encoder.layers.{layer}.self_attn.out_proj.weight");
        yield return Layers($"{Attention}out/bias", [v.Layers, v.Width], [0], new TensorShape(v.Width),
            layer => $"{Vision}encoder.layers.{layer}.self_attn.out_proj.bias");
        foreach ((int index, int inputs, int outputs) in ((int, int, int)[])[(0, v.Width, v.MlpWidth), (1, v.MlpWidth, v.Width)])
        {
            yield return Layers($"{ImageBlock}MlpBlock_0/Dense_{index}/kernel", [v.Layers, inputs, outputs], [1, 0], new TensorShape(outputs, inputs),
                layer => $"{Vision}encoder.layers.{layer}.mlp.fc{index + 1}.weight");
            yield return Layers($"{ImageBlock}MlpBlock_0/Dense_{index}/bias", [v.Layers, outputs], [0], new TensorShape(outputs),
                layer => $"{Vision}encoder.layers.{layer}.mlp.fc{index + 1}.bias");
        }

        int width = config.Text.Width;
        yield return One("img/head/kernel", [v.Width, width], [1, 0], new TensorShape(width, v.Width), "multi_modal_projector.linear.weight");
        yield return One("img/head/bias", [width], [0], new TensorShape(width), "multi_modal_projector.linear.bias");
    }

    private static IEnumerable<BigVisionArray> OfText(GemmaConfig t, bool fused)
    {
        yield return One(Table, [t.VocabularySize, t.Width], [0, 1], new TensorShape(t.VocabularySize, t.Width), TensorNames.Embedding);
        var queries = new TensorShape(t.Heads * t.HeadSize, t.Width);
        var keys = new TensorShape(t.KeyValueHeads * t.HeadSize, t.Width);
        if (fused)
        {
            yield return Parts(Fused, [t.Layers, 3, t.Heads, t.Width, t.HeadSize], [0, 2, 1], queries,
                (layer, part) => $"{Block(layer)}self_attn.{"qkv"[part]}_proj.weight");
        }
        else
        {
            yield return Layers(Query, [t.Layers, t.Heads, t.Width, t.HeadSize], [0, 2, 1], queries, layer => $"{Block(layer)}self_attn.q_proj.weight");
            yield return Parts(KeyValue, [t.Layers, 2, t.KeyValueHeads, t.Width, t.HeadSize], [0, 2, 1], keys,
                (layer, part) => $"{Block(layer)}self_attn.{"kv"[part]}_proj.weight");
        }

        yield return Layers("llm/layers/attn/attn_vec_einsum/w", [t.Layers, t.Heads, t.HeadSize, t.Width], [2, 0, 1],
            new TensorShape(t.Width, t.Heads * t.HeadSize), layer => $"{Block(layer)}self_attn.o_proj.weight");
        yield return Parts("llm/layers/mlp/gating_einsum", [t.Layers, 2, t.Width, t.MlpWidth], [1, 0], new TensorShape(t.MlpWidth, t.Width),
            (layer, part) => $"{Block(layer)}mlp.{(part == 0 ? "gate" : "up")}_proj.weight");
        yield return Layers(MlpOut, [t.Layers, t.MlpWidth, t.Width], [1, 0], new TensorShape(t.Width, t.MlpWidth),
            layer => $"{Block(layer)}mlp.down_proj.weight");

        bool second = t.Version == GemmaVersion.Gemma2;
        (string, string)[] norms = second
            ? [
                ("pre_attention_norm", "input_layernorm"), ("post_attention_norm", "post_attention_layernorm"),
                ("pre_ffw_norm", "pre_feedforward_layernorm"), ("post_ffw_norm", "post_feedforward_layernorm"),
            ]
            : [("pre_attention_norm", "input_layernorm"), ("pre_ffw_norm", "post_attention_layernorm")];
        foreach ((string key, string name) in norms)
            yield return Layers($"llm/layers/{key}/scale", [t.Layers, t.Width], [0], new TensorShape(t.Width), layer => $"{Block(layer)}{name}.weight");
        yield return One("llm/final_norm/scale", [t.Width], [0], new TensorShape(t.Width), "language_model.model.norm.weight");
    }

    private static string Block(int layer) => $"language_model.model.layers.{layer}.";

    private static BigVisionArray One(string key, int[] extents, int[] axes, TensorShape shape, string name) =>
        new(key, extents, 0, axes, shape, (_, _) => name);

    private static BigVisionArray Layers(string key, int[] extents, int[] axes, TensorShape shape, Func<int, string> name) =>
        new(key, extents, 1, axes, shape, (layer, _) => name(layer));

    private static BigVisionArray Parts(string key, int[] extents, int[] axes, TensorShape shape, Func<int, int, string> name) =>
        new(key, extents, 2, axes, shape, name);
}
