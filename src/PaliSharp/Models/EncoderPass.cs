using PaliSharp.Tensors;

namespace PaliSharp.Models;

/// <summary>A pass through image encoder and projector that can be left off between two layers, for other work or for good.</summary>
internal sealed class EncoderPass : IDisposable
{
    private readonly SigLipEncoder _encoder;
    private readonly LinearLayer _projector;
    private readonly TensorBackend _ops;
    private readonly int _pictures;
    private Tensor? _z;
    private int _layer;

    /// <summary>Begins a pass.</summary>
    /// <param name="encoder">The image encoder.</param>
    /// <param name="projector">What follows it.</param>
    /// <param name="ops">The device.</param>
    /// <param name="pixels">[pictures, channels, size, size]; no longer needed afterwards.</param>
    public EncoderPass(SigLipEncoder encoder, LinearLayer projector, TensorBackend ops, Tensor pixels)
    {
        _encoder = encoder;
        _projector = projector;
        _ops = ops;
        _pictures = pixels.Shape[0];
        _z = encoder.Embed(ops, pixels, probe: null);
    }

    /// <summary>Whether every layer is done.</summary>
    public bool IsComplete => _layer == _encoder.Layers;

    /// <summary>Computes the next layer.</summary>
    public void Step()
    {
        Tensor input = _z ?? throw new InvalidOperationException("The pass has ended.");
        _z = null;
        _z = _encoder.RunBlock(_layer, _ops, input, _pictures, probe: null);
        _layer++;
    }

    /// <summary>Ends a complete pass.</summary>
    /// <returns>[pictures·imageTokens, width].</returns>
    public Tensor Finish()
    {
        Tensor output = _z ?? throw new InvalidOperationException("The pass has ended.");
        _z = null;
        using Tensor encoded = _encoder.Finish(_ops, output, probe: null);
        return _projector.Forward(_ops, encoded);
    }

    public void Dispose() => _z?.Dispose();
}
