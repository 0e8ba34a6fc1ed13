using PaliSharp.Tensors;

namespace PaliSharp.Models;

/// <summary>
/// The image encoder: a vision transformer over 14×14 patches without class token, pooling or mask
/// (big_vision <c>models/vit.py</c> with pool_type "none"; transformers <c>SiglipVisionModel</c>).
/// </summary>
internal sealed class SigLipEncoder
{
    private readonly SigLipConfig _config;
    private readonly LinearLayer _patchEmbedding;
    private readonly Weight _positions;
    private readonly Block[] _blocks;
    private readonly LayerNorm _finalNorm;

    public SigLipEncoder(SigLipConfig config, ParameterReader parameters)
    {
        const string Root = "vision_tower.vision_model";
        _config = config;

        // A convolution whose stride equals its size is a product of patches with the flattened kernel.
        Weight kernel = parameters.Weight($"{Root}.embeddings.patch_embedding.weight");
        Weight bias = parameters.Weight($"{Root}.embeddings.patch_embedding.bias");
        _patchEmbedding = new LinearLayer(
            kernel.Reshape(new TensorShape(config.Width, config.Channels * config.PatchSize * config.PatchSize)), bias, update: null);
        _positions = parameters.Weight($"{Root}.embeddings.position_embedding.weight");
        _blocks = [.. Enumerable.Range(0, config.Layers).Select(i => new Block(config, parameters, $"{Root}.encoder.layers.{i}"))];
        _finalNorm = new LayerNorm(parameters, $"{Root}.post_layernorm", config.NormEpsilon);
    }

    /// <summary>The number of blocks.</summary>
    public int Layers => _blocks.Length;

    /// <summary>Encodes pictures.</summary>
    /// <param name="ops">The device.</param>
    /// <param name="pixels">[pictures, channels, size, size], values in [−1, 1].</param>
    /// <param name="probe">Receives the stages.</param>
    /// <returns>[pictures·patches, width].</returns>
    public Tensor Forward(TensorBackend ops, Tensor pixels, IForwardProbe? probe)
    {
        int pictures = pixels.Shape[0];
        Tensor z = Embed(ops, pixels, probe);
        for (int layer = 0; layer < Layers; layer++)
            z = RunBlock(layer, ops, z, pictures, probe);
        return Finish(ops, z, probe);
    }

    /// <summary>The patches of pictures with their positions; then every block in order and <see cref="Finish"/> are <see cref="Forward"/>.</summary>
    /// <param name="ops">The device.</param>
    /// <param name="pixels">[pictures, channels, size, size], values in [−1, 1].</param>
    /// <param name="probe">Receives the stages.</param>
    /// <returns>[pictures·patches, width].</returns>
    public Tensor Embed(TensorBackend ops, Tensor pixels, IForwardProbe? probe)
    {
        Tensor z;
        using (Tensor patches = ops.Patches(pixels, _config.PatchSize))
        using (Tensor embedded = _patchEmbedding.Forward(ops, patches))
        {
            probe?.Record("vision/patch_embedding", embedded);
            z = ops.Add(embedded, _positions);
        }

        probe?.Record("vision/embeddings", z);
        return z;
    }

    /// <summary>Runs one block.</summary>
    /// <param name="layer">Which.</param>
    /// <param name="ops">The device.</param>
    /// <param name="input">[pictures·patches, width]; disposed here.</param>
    /// <param name="pictures">The number of pictures.</param>
    /// <param name="probe">Receives the stages.</param>
    public Tensor RunBlock(int layer, TensorBackend ops, Tensor input, int pictures, IForwardProbe? probe)
    {
        using Tensor z = input;
        return _blocks[layer].Forward(ops, z, pictures, probe, layer);
    }

    /// <summary>The final norm.</summary>
    /// <param name="ops">The device.</param>
    /// <param name="input">[pictures·patches, width]; disposed here.</param>
    /// <param name="probe">Receives the stages.</param>
    public Tensor Finish(TensorBackend ops, Tensor input, IForwardProbe? probe)
    {
        using Tensor output = input;
        Tensor encoded = _finalNorm.Forward(ops, output);
        probe?.Record("vision/post_layernorm", encoded);
        return encoded;
    }

    private sealed class LayerNorm(ParameterReader parameters, string name, float epsilon)
    {
        private readonly Weight _scale = parameters.Weight($"{name}.weight");
        private readonly Weight _bias = parameters.Weight($"{name}.bias");

        public Tensor Forward(TensorBackend ops, Tensor x) => ops.LayerNorm(x, _scale, _bias, epsilon);
    }

    /// <summary>z += Attention(LN₁(z)); z += FC₂(gelu(FC₁(LN₂(z)))).</summary>
    private sealed class Block(SigLipConfig config, ParameterReader parameters, string name)
    {
        private readonly LayerNorm _norm1 = new(parameters, $"{name}.layer_norm1", config.NormEpsilon);
        private readonly LinearLayer _query = parameters.Linear($"{name}.self_attn.q_proj", hasBias: true);
        private readonly LinearLayer _key = parameters.Linear($"{name}.self_attn.k_proj", hasBias: true);
        private readonly LinearLayer _value = parameters.Linear($"{name}.self_attn.v_proj", hasBias: true);
        private readonly LinearLayer _output = parameters.Linear($"{name}.self_attn.out_proj", hasBias: true);
        private readonly LayerNorm _norm2 = new(parameters, $"{name}.layer_norm2", config.NormEpsilon);
        private readonly LinearLayer _fc1 = parameters.Linear($"{name}.mlp.fc1", hasBias: true);
        private readonly LinearLayer _fc2 = parameters.Linear($"{name}.mlp.fc2", hasBias: true);

        public Tensor Forward(TensorBackend ops, Tensor z, int pictures, IForwardProbe? probe, int layer)
        {
            ops.BeginBlock(z);
            using Tensor attention = Attention(ops, z, pictures);
            probe?.Record($"vision/layer{layer:D2}/attention", attention);
            using Tensor attended = ops.Add(z, attention);

            using Tensor mlp = Mlp(ops, attended);
            probe?.Record($"vision/layer{layer:D2}/mlp", mlp);
            Tensor output = ops.Add(attended, mlp);
            probe?.Record($"vision/layer{layer:D2}/out", output);
            return output;
        }

        private Tensor Attention(TensorBackend ops, Tensor z, int pictures)
        {
            using Tensor normed = _norm1.Forward(ops, z);
            (Tensor q, Tensor k, Tensor v) = LinearLayer.Forward(ops, normed, _query, _key, _value);
            using Tensor ownedQ = q, ownedK = k, ownedV = v;

            // Each picture attends to itself alone, every patch to every patch.
            int patches = z.Rows / pictures;
            var segments = new AttentionSegment[pictures];
            for (int i = 0; i < pictures; i++)
                segments[i] = new AttentionSegment(i * patches, patches, k, v, i * patches, patches, QueryPosition: 0, PrefixLength: patches);
            var options = new AttentionOptions(config.Heads, config.Heads, config.HeadSize, 1 / MathF.Sqrt(config.HeadSize));
            using Tensor mixed = ops.Attention(q, segments, options);
            return _output.Forward(ops, mixed);
        }

        private Tensor Mlp(TensorBackend ops, Tensor z)
        {
            using Tensor normed = _norm2.Forward(ops, z);
            using Tensor hidden = _fc1.Forward(ops, normed);
            using Tensor active = ops.GeluTanh(hidden);
            return _fc2.Forward(ops, active);
        }
    }
}
