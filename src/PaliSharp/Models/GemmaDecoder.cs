using PaliSharp.Tensors;

namespace PaliSharp.Models;

/// <summary>
/// The Gemma 1 or Gemma 2 decoder without its embedding and output head
/// (big_vision <c>models/ppp/gemma.py</c>; transformers <c>modeling_gemma.py</c>, <c>modeling_gemma2.py</c>).
/// </summary>
internal sealed class GemmaDecoder
{
    private readonly Block[] _blocks;
    private readonly Weight _finalNorm;
    private readonly GemmaConfig _config;

    public GemmaDecoder(GemmaConfig config, ParameterReader parameters, bool useSlidingWindow)
    {
        const string Root = "language_model.model";
        _config = config;
        _blocks = [.. Enumerable.Range(0, config.Layers).Select(i => new Block(config, parameters, $"{Root}.layers.{i}", i, useSlidingWindow))];
        _finalNorm = parameters.Weight($"{Root}.norm.weight");
    }

    /// <summary>The number of blocks.</summary>
    public int Layers => _blocks.Length;

    /// <summary>Runs all blocks and the final norm.</summary>
    /// <param name="ops">The device.</param>
    /// <param name="input">[rows, width]: image rows and scaled text embeddings of the batch's sequences; disposed here.</param>
    /// <param name="batch">Whose rows they are; its caches take the new keys and values.</param>
    /// <param name="probe">Receives the stages.</param>
    /// <returns>[rows, width].</returns>
    public Tensor Forward(TensorBackend ops, Tensor input, DecoderBatch batch, IForwardProbe? probe)
    {
        Tensor x = input;
        for (int layer = 0; layer < Layers; layer++)
            x = RunBlock(layer, ops, x, batch, probe);
        return Finish(ops, x, batch, probe);
    }

    /// <summary>Runs one block; all of them in order, then <see cref="Finish"/>, are <see cref="Forward"/>.</summary>
    /// <param name="layer">Which.</param>
    /// <param name="ops">The device.</param>
    /// <param name="input">[rows, width]: what the block before returned; disposed here.</param>
    /// <param name="batch">Whose rows they are.</param>
    /// <param name="probe">Receives the stages.</param>
    public Tensor RunBlock(int layer, TensorBackend ops, Tensor input, DecoderBatch batch, IForwardProbe? probe)
    {
        using Tensor x = input;
        return _blocks[layer].Forward(ops, x, batch, probe);
    }

    /// <summary>The final norm; makes the new positions part of their caches.</summary>
    /// <param name="ops">The device.</param>
    /// <param name="input">[rows, width]: what the last block returned; disposed here.</param>
    /// <param name="batch">Whose rows they are.</param>
    /// <param name="probe">Receives the stages.</param>
    public Tensor Finish(TensorBackend ops, Tensor input, DecoderBatch batch, IForwardProbe? probe)
    {
        batch.Commit();
        using Tensor last = input;
        Tensor normed = ops.RmsNorm(last, _finalNorm, _config.NormEpsilon);
        probe?.Record("text/final_norm", normed);
        return normed;
    }

    /// <summary>
    /// Gemma 1: x += Attention(n₁(x)); x += Mlp(n₂(x)).
    /// Gemma 2: x += n₁'(Attention(n₁(x))); x += n₂'(Mlp(n₂(x))), with norms after both halves as well.
    /// </summary>
    private sealed class Block
    {
        private readonly GemmaConfig _config;
        private readonly AttentionOptions _attention;
        private readonly int _layer;
        private readonly Weight _preAttentionNorm;
        private readonly Weight? _postAttentionNorm;
        private readonly Weight _preMlpNorm;
        private readonly Weight? _postMlpNorm;
        private readonly LinearLayer _query;
        private readonly LinearLayer _key;
        private readonly LinearLayer _value;
        private readonly LinearLayer _output;
        private readonly LinearLayer _gate;
        private readonly LinearLayer _up;
        private readonly LinearLayer _down;

        public Block(GemmaConfig config, ParameterReader parameters, string name, int layer, bool useSlidingWindow)
        {
            _config = config;
            _layer = layer;

            // Gemma 2 alternates: the even layers look through the window, the odd ones see everything.
            int window = useSlidingWindow && layer % 2 == 0 ? config.SlidingWindow : 0;
            _attention = new AttentionOptions(
                config.Heads, config.KeyValueHeads, config.HeadSize, 1 / MathF.Sqrt(config.QueryScalar), config.AttentionSoftCap, window);

            // 'post_attention_layernorm' is the norm before the MLP in Gemma 1 and the one after attention in Gemma 2.
            _preAttentionNorm = parameters.Weight($"{name}.input_layernorm.weight");
            Weight postAttention = parameters.Weight($"{name}.post_attention_layernorm.weight");
            if (config.Version == GemmaVersion.Gemma1)
            {
                _preMlpNorm = postAttention;
            }
            else
            {
                _postAttentionNorm = postAttention;
                _preMlpNorm = parameters.Weight($"{name}.pre_feedforward_layernorm.weight");
                _postMlpNorm = parameters.Weight($"{name}.post_feedforward_layernorm.weight");
            }

            _query = parameters.Linear($"{name}.self_attn.q_proj", hasBias: false);
            _key = parameters.Linear($"{name}.self_attn.k_proj", hasBias: false);
            _value = parameters.Linear($"{name}.self_attn.v_proj", hasBias: false);
            _output = parameters.Linear($"{name}.self_attn.o_proj", hasBias: false);
            _gate = parameters.Linear($"{name}.mlp.gate_proj", hasBias: false);
            _up = parameters.Linear($"{name}.mlp.up_proj", hasBias: false);
            _down = parameters.Linear($"{name}.mlp.down_proj", hasBias: false);
        }

        public Tensor Forward(TensorBackend ops, Tensor x, DecoderBatch batch, IForwardProbe? probe)
        {
            ops.BeginBlock(x);
            Record(probe, "in", x);
            using Tensor attended = AddResidual(ops, x, Attention(ops, x, batch, probe));
            Tensor output = AddResidual(ops, attended, Mlp(ops, attended, probe));
            Record(probe, "out", output);
            return output;
        }

        private Tensor Attention(TensorBackend ops, Tensor x, DecoderBatch batch, IForwardProbe? probe)
        {
            using Tensor normed = ops.RmsNorm(x, _preAttentionNorm, _config.NormEpsilon);
            Record(probe, "input_norm", normed);
            (Tensor q, Tensor k, Tensor v) = LinearLayer.Forward(ops, normed, _query, _key, _value);
            using Tensor ownedQ = q, ownedK = k, ownedV = v;
            Record(probe, "q", q);
            Record(probe, "k", k);
            Record(probe, "v", v);
            using Tensor rotatedQ = ops.RotaryEmbedding(q, batch.Positions, _config.HeadSize, _config.RopeTheta);
            using Tensor rotatedK = ops.RotaryEmbedding(k, batch.Positions, _config.HeadSize, _config.RopeTheta);
            using Tensor mixed = ops.Attention(rotatedQ, batch.Attend(_layer, rotatedK, v), _attention);
            Tensor output = _output.Forward(ops, mixed);
            Record(probe, "attention", output);
            return EndAttention(ops, output);
        }

        private Tensor Mlp(TensorBackend ops, Tensor x, IForwardProbe? probe)
        {
            using Tensor normed = ops.RmsNorm(x, _preMlpNorm, _config.NormEpsilon);
            (Tensor gate, Tensor up) = LinearLayer.Forward(ops, normed, _gate, _up);
            using Tensor ownedGate = gate, ownedUp = up;
            using Tensor gated = ops.GatedGeluTanh(gate, up);
            Tensor output = _down.Forward(ops, gated);
            Record(probe, "mlp", output);
            return EndMlp(ops, output);
        }

        private static Tensor AddResidual(TensorBackend ops, Tensor x, Tensor branch)
        {
            using (branch)
                return ops.Add(x, branch);
        }

        // In training elements are dropped after the norm that follows attention, but before the one that follows the MLP.
        private Tensor EndAttention(TensorBackend ops, Tensor branch) => Drop(ops, Norm(ops, branch, _postAttentionNorm));

        private Tensor EndMlp(TensorBackend ops, Tensor branch) => Norm(ops, Drop(ops, branch), _postMlpNorm);

        private Tensor Norm(TensorBackend ops, Tensor branch, Weight? weight)
        {
            if (weight is null)
                return branch;
            using (branch)
                return ops.RmsNorm(branch, weight, _config.NormEpsilon);
        }

        private static Tensor Drop(TensorBackend ops, Tensor branch)
        {
            if (!ops.DropsOut)
                return branch;
            using (branch)
                return ops.Dropout(branch);
        }

        private void Record(IForwardProbe? probe, string stage, Tensor value) => probe?.Record($"text/layer{_layer:D2}/{stage}", value);
    }
}
