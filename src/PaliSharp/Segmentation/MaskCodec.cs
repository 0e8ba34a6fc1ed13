namespace PaliSharp.Segmentation;

/// <summary>
/// The codec between the 16 <c>&lt;seg&gt;</c> tokens of an object and the mask of its box: a small vector-quantised autoencoder, published as
/// <c>vae-oid.npz</c> beside PaliGemma. Instances are immutable and may be used by many threads at once.
/// </summary>
/// <remarks>Source: big_vision <c>evaluators/proj/paligemma/transfers/segmentation.py</c> (decoding), <c>pp/proj/paligemma/segmentation.py</c> (encoding).</remarks>
public sealed class MaskCodec
{
    /// <summary>The codes of a mask: a grid of 4×4, row after row.</summary>
    public const int CodesPerMask = 16;

    /// <summary>The number of different codes, 0 to 127.</summary>
    public const int CodebookSize = 128;

    /// <summary>The rows and columns of a decoded mask, which is stretched over its box.</summary>
    public const int Side = 64;

    internal const int VectorLength = 512;
    private const int GridSide = 4;

    private readonly float[] _codebook;
    private readonly MaskEncoder _encoder;
    private readonly MaskDecoder _decoder;

    private MaskCodec(MaskCodecFile file)
    {
        _codebook = file.Read("_vq_vae._embedding", CodebookSize, VectorLength);
        _encoder = new MaskEncoder(file);
        _decoder = new MaskDecoder(file);
    }

    /// <summary>Loads a codec.</summary>
    /// <param name="path">A <c>.npz</c> file in the layout of <c>vae-oid.npz</c>; further arrays in it are ignored.</param>
    /// <exception cref="CheckpointException">The file is missing, malformed or no mask codec.</exception>
    public static MaskCodec Load(string path)
    {
        using var file = new MaskCodecFile(path);
        return new MaskCodec(file);
    }

    /// <summary>Turns codes into a mask of their box.</summary>
    /// <param name="codes">16 codes of 0 to 127.</param>
    /// <returns>64 rows of 64 values, about −1 (outside) to 1 (inside); above 0 is inside.</returns>
    /// <exception cref="ArgumentException">There are not 16 codes, or one is out of range.</exception>
    public float[] Decode(ReadOnlySpan<int> codes) => Decode(codes, null);

    /// <summary>Turns the mask of a box into codes.</summary>
    /// <param name="mask">64 rows of 64 values, 0 (outside) to 1 (inside).</param>
    /// <returns>16 codes of 0 to 127.</returns>
    /// <exception cref="ArgumentException">There are not 64·64 values.</exception>
    public int[] Encode(ReadOnlySpan<float> mask) => Encode(mask, null);

    internal float[] Decode(ReadOnlySpan<int> codes, MaskCodecProbe? probe)
    {
        if (codes.Length != CodesPerMask)
            throw new ArgumentException($"A mask has {CodesPerMask} codes; {codes.Length} were given.", nameof(codes));
        var vectors = new FeatureMap(GridSide, VectorLength, new float[CodesPerMask * VectorLength]);
        for (int i = 0; i < codes.Length; i++)
        {
            if ((uint)codes[i] >= CodebookSize)
                throw new ArgumentOutOfRangeException(nameof(codes), codes[i], $"A code is 0 to {CodebookSize - 1}.");
            _codebook.AsSpan(codes[i] * VectorLength, VectorLength).CopyTo(vectors.Values.AsSpan(i * VectorLength));
        }

        return _decoder.Apply(vectors, probe).Values;
    }

    internal int[] Encode(ReadOnlySpan<float> mask, MaskCodecProbe? probe)
    {
        if (mask.Length != Side * Side)
            throw new ArgumentException($"A mask of {Side}x{Side} values is needed; {mask.Length} were given.", nameof(mask));
        FeatureMap vectors = _encoder.Apply(mask, probe);
        var codes = new int[CodesPerMask];
        for (int i = 0; i < codes.Length; i++)
            codes[i] = Nearest(vectors.Pixel(i / GridSide, i % GridSide));
        return codes;
    }

    private int Nearest(ReadOnlySpan<float> vector)
    {
        int nearest = 0;
        double smallest = double.PositiveInfinity;
        for (int code = 0; code < CodebookSize; code++)
        {
            ReadOnlySpan<float> entry = _codebook.AsSpan(code * VectorLength, VectorLength);
            double distance = 0;
            for (int i = 0; i < entry.Length; i++)
            {
                double difference = (double)vector[i] - entry[i];
                distance += difference * difference;
            }

            if (distance < smallest)
                (nearest, smallest) = (code, distance);
        }

        return nearest;
    }
}
