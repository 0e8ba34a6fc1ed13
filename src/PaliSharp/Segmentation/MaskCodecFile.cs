using System.Globalization;
using PaliSharp.Checkpoints;

namespace PaliSharp.Segmentation;

/// <summary>Reads the parameters of a mask codec from the layout of <c>vae-oid.npz</c>. Arrays it does not know are ignored.</summary>
internal sealed class MaskCodecFile : IDisposable
{
    private readonly NpzArchive _archive;

    /// <summary>Opens a file.</summary>
    /// <exception cref="CheckpointException">The file is missing or malformed.</exception>
    public MaskCodecFile(string path) => _archive = NpzArchive.Open(path);

    /// <summary>Reads an array of a known shape.</summary>
    /// <exception cref="CheckpointException">It is missing or has another shape or a type that is no float.</exception>
    public float[] Read(string name, params int[] shape)
    {
        if (!_archive.TryGetArray(name, out NpyArray? array))
            throw new CheckpointException($"'{_archive.Path}' has no array '{name}', so it is no mask codec. Use vae-oid.npz of PaliGemma, or a file of its layout.");
        if (!array.Shape.SequenceEqual(shape.Select(extent => (long)extent)))
        {
            throw new CheckpointException(
                $"'{_archive.Path}': the array '{name}' has the shape [{Extents(array.Shape)}]; a mask codec has [{Extents(shape.Select(extent => (long)extent))}].");
        }

        return _archive.ReadSingles(name);
    }

    /// <summary>Reads a convolution.</summary>
    /// <exception cref="CheckpointException">One of its arrays is missing or does not fit.</exception>
    public Convolution ReadConvolution(string name, ConvolutionShape shape)
    {
        float[] weights = shape.IsTransposed
            ? Read($"{name}.weight", shape.Inputs, shape.Outputs, shape.Size, shape.Size)
            : Read($"{name}.weight", shape.Outputs, shape.Inputs, shape.Size, shape.Size);
        return Convolution.Create(shape, weights, Read($"{name}.bias", shape.Outputs));
    }

    /// <summary>Reads a residual block of 128 channels.</summary>
    /// <exception cref="CheckpointException">One of its arrays is missing or does not fit.</exception>
    public ResidualBlock ReadBlock(string name) => new(
        ReadConvolution($"{name}.net.0", new ConvolutionShape(128, 128, 3, 1, 1)),
        ReadConvolution($"{name}.net.2", new ConvolutionShape(128, 128, 3, 1, 1)),
        ReadConvolution($"{name}.net.4", new ConvolutionShape(128, 128, 1, 1, 0)));

    public void Dispose() => _archive.Dispose();

    private static string Extents(IEnumerable<long> shape) => string.Join(", ", shape.Select(extent => extent.ToString(CultureInfo.InvariantCulture)));
}
