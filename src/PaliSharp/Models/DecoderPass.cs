using PaliSharp.Tensors;

namespace PaliSharp.Models;

/// <summary>
/// A pass through the decoder that can be left off between two layers, for other work or for good: a long prompt neither holds up sequences
/// that are being written nor must it be finished once nobody wants it. The caches count the new positions only when it is finished.
/// </summary>
internal sealed class DecoderPass : IDisposable
{
    private readonly GemmaDecoder _decoder;
    private readonly TensorBackend _ops;
    private readonly DecoderBatch _batch;
    private Tensor? _x;
    private int _layer;

    /// <summary>Begins a pass.</summary>
    /// <param name="decoder">The decoder.</param>
    /// <param name="ops">The device.</param>
    /// <param name="input">[rows, width]: what enters the first layer; owned from here on.</param>
    /// <param name="batch">Whose rows they are; not used by others until the pass ends.</param>
    public DecoderPass(GemmaDecoder decoder, TensorBackend ops, Tensor input, DecoderBatch batch)
    {
        _decoder = decoder;
        _ops = ops;
        _batch = batch;
        _x = input;
    }

    /// <summary>Whether every layer is done.</summary>
    public bool IsComplete => _layer == _decoder.Layers;

    /// <summary>Computes the next layer.</summary>
    public void Step()
    {
        Tensor input = _x ?? throw new InvalidOperationException("The pass has ended.");
        _x = null;
        _x = _decoder.RunBlock(_layer, _ops, input, _batch, probe: null);
        _layer++;
    }

    /// <summary>Ends a complete pass.</summary>
    /// <returns>[rows, width]: hidden states after the final norm.</returns>
    public Tensor Finish()
    {
        Tensor output = _x ?? throw new InvalidOperationException("The pass has ended.");
        _x = null;
        return _decoder.Finish(_ops, output, _batch, probe: null);
    }

    public void Dispose() => _x?.Dispose();
}
