using PaliSharp.Tensors;

namespace PaliSharp.Models;

/// <summary>A pass through image encoder and projector that can be left off between two layers, for other work or for good.</summary>
internal sealed class EncoderPass : IDisposable
{
    private readonly SigLipEncoder _encoder;
    private readonly LinearLayer _projector;
    private readonly TensorBackend _ops;
    private readonly int[] _pictures;
    private readonly Tensor?[] _z;
    private int _layer;

    /// <summary>Begins a pass.</summary>
    /// <param name="encoder">The image encoder.</param>
    /// <param name="projector">What follows it.</param>
    /// <param name="ops">The device.</param>
    /// <param name="shares">[pictures, channels, size, size] each; the shares may be computed at the same time. No longer needed afterwards.</param>
    public EncoderPass(SigLipEncoder encoder, LinearLayer projector, TensorBackend ops, Tensor[] shares)
    {
        _encoder = encoder;
        _projector = projector;
        _ops = ops;
        _pictures = Array.ConvertAll(shares, pixels => pixels.Shape[0]);
        _z = new Tensor?[shares.Length];
        try
        {
            ops.RunParts(shares.Length, share => _z[share] = encoder.Embed(ops, shares[share], probe: null));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Whether every layer is done.</summary>
    public bool IsComplete => _layer == _encoder.Layers;

    /// <summary>Computes the next layer.</summary>
    public void Step()
    {
        _ops.RunParts(_z.Length, share => _z[share] = _encoder.RunBlock(_layer, _ops, Take(share), _pictures[share], probe: null));
        _layer++;
    }

    /// <summary>Ends a complete pass.</summary>
    /// <returns>[pictures·imageTokens, width].</returns>
    public Tensor Finish()
    {
        _ops.RunParts(_z.Length, share =>
        {
            using Tensor encoded = _encoder.Finish(_ops, Take(share), probe: null);
            _z[share] = _projector.Forward(_ops, encoded);
        });
        return _z.Length == 1 ? Take(0) : _ops.ConcatenateRows(Array.ConvertAll(_z, rows => new RowRun(rows!)));
    }

    public void Dispose()
    {
        foreach (Tensor? share in _z)
            share?.Dispose();
        Array.Clear(_z);
    }

    private Tensor Take(int share)
    {
        Tensor taken = _z[share] ?? throw new InvalidOperationException("The pass has ended.");
        _z[share] = null;
        return taken;
    }
}
