namespace PaliSharp.Segmentation;

/// <summary>The half of the mask codec that makes a mask from vectors: a projection, two residual blocks, four doublings, a last projection.</summary>
internal sealed class MaskDecoder(MaskCodecFile file)
{
    private readonly Convolution _projection = file.ReadConvolution("decoder.0", new ConvolutionShape(MaskCodec.VectorLength, 128, 1, 1, 0));
    private readonly ResidualBlock _first = file.ReadBlock("decoder.2");
    private readonly ResidualBlock _second = file.ReadBlock("decoder.3");

    private readonly Convolution[] _doublings =
    [
        file.ReadConvolution("decoder.4", new ConvolutionShape(128, 128, 4, 2, 1, IsTransposed: true)),
        file.ReadConvolution("decoder.6", new ConvolutionShape(128, 64, 4, 2, 1, IsTransposed: true)),
        file.ReadConvolution("decoder.8", new ConvolutionShape(64, 32, 4, 2, 1, IsTransposed: true)),
        file.ReadConvolution("decoder.10", new ConvolutionShape(32, 16, 4, 2, 1, IsTransposed: true)),
    ];

    private readonly Convolution _last = file.ReadConvolution("decoder.12", new ConvolutionShape(16, 1, 1, 1, 0));

    /// <summary>Decodes vectors.</summary>
    /// <param name="vectors">[4, 4, 512].</param>
    /// <param name="probe">Receives the stages, each before its activation.</param>
    /// <returns>[64, 64, 1].</returns>
    public FeatureMap Apply(FeatureMap vectors, MaskCodecProbe? probe)
    {
        probe?.Invoke("quantized", vectors);
        FeatureMap map = _projection.Apply(vectors);
        probe?.Invoke("decoder.0", map);
        map = _first.Apply(map.Rectified());
        probe?.Invoke("decoder.2", map);
        map = _second.Apply(map);
        probe?.Invoke("decoder.3", map);
        for (int i = 0; i < _doublings.Length; i++)
        {
            map = _doublings[i].Apply(map);
            probe?.Invoke($"decoder.{4 + (2 * i)}", map);
            map = map.Rectified();
        }

        map = _last.Apply(map);
        probe?.Invoke("decoder.12", map);
        return map;
    }
}
