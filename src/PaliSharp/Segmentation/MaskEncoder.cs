namespace PaliSharp.Segmentation;

/// <summary>Reports a stage of the codec, for comparison with a reference.</summary>
/// <param name="stage">Its name, as the file's arrays are named.</param>
/// <param name="map">Its result.</param>
internal delegate void MaskCodecProbe(string stage, FeatureMap map);

/// <summary>The half of the mask codec that makes vectors from a mask: four halvings, two residual blocks, a projection.</summary>
internal sealed class MaskEncoder(MaskCodecFile file)
{
    private readonly Convolution[] _halvings =
    [
        file.ReadConvolution("encoder.0", new ConvolutionShape(1, 16, 4, 2, 1)),
        file.ReadConvolution("encoder.2", new ConvolutionShape(16, 32, 4, 2, 1)),
        file.ReadConvolution("encoder.4", new ConvolutionShape(32, 64, 4, 2, 1)),
        file.ReadConvolution("encoder.6", new ConvolutionShape(64, 128, 4, 2, 1)),
    ];

    private readonly ResidualBlock _first = file.ReadBlock("encoder.8");
    private readonly ResidualBlock _second = file.ReadBlock("encoder.9");
    private readonly Convolution _projection = file.ReadConvolution("encoder.10", new ConvolutionShape(128, MaskCodec.VectorLength, 1, 1, 0));

    /// <summary>Encodes a mask.</summary>
    /// <param name="mask">64 rows of 64 values, 0 to 1.</param>
    /// <param name="probe">Receives the stages.</param>
    /// <returns>[4, 4, 512].</returns>
    public FeatureMap Apply(ReadOnlySpan<float> mask, MaskCodecProbe? probe)
    {
        var map = new FeatureMap(MaskCodec.Side, 1, Array.ConvertAll(mask.ToArray(), value => 2 * (value - 0.5f)));
        probe?.Invoke("norm", map);
        for (int i = 0; i < _halvings.Length; i++)
        {
            map = _halvings[i].Apply(map).Rectified();
            probe?.Invoke($"encoder.{2 * i}+relu", map);
        }

        map = _first.Apply(map);
        probe?.Invoke("encoder.8", map);
        map = _second.Apply(map);
        probe?.Invoke("encoder.9", map);
        map = _projection.Apply(map);
        probe?.Invoke("encoder.10", map);
        return map;
    }
}
