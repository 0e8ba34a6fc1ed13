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
    private readonly DecoderShare[] _shares;
    private int _layer;

    /// <summary>Begins a pass.</summary>
    /// <param name="decoder">The decoder.</param>
    /// <param name="ops">The device.</param>
    /// <param name="shares">Its sequences; owned from here on.</param>
    public DecoderPass(GemmaDecoder decoder, TensorBackend ops, DecoderShare[] shares)
    {
        _decoder = decoder;
        _ops = ops;
        _shares = shares;
        try
        {
            ops.RunParts(shares.Length, share => shares[share].Begin());
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Whether every layer is done.</summary>
    public bool IsComplete => _layer == _decoder.Layers;

    /// <summary>Computes the next layer.</summary>
    public void Step()
    {
        _ops.RunParts(_shares.Length, share => _shares[share].RunLayer(_layer));
        _layer++;
    }

    /// <summary>Ends a complete pass.</summary>
    /// <returns>[rows, width]: hidden states after the final norm.</returns>
    public Tensor Finish()
    {
        _ops.RunParts(_shares.Length, share => _shares[share].Finish());
        return _shares.Length == 1 ? _shares[0].Take() : _ops.ConcatenateRows(Array.ConvertAll(_shares, share => new RowRun(share.Output)));
    }

    public void Dispose()
    {
        foreach (DecoderShare share in _shares)
            share.Dispose();
    }
}
