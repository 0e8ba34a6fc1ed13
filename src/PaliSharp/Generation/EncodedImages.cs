using PaliSharp.Checkpoints;
using PaliSharp.Imaging;
using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Generation;

/// <summary>The projected rows of a batch's pictures; a picture that occurs several times is encoded once.</summary>
internal sealed class EncodedImages : IDisposable
{
    // Pictures go through the encoder together up to so many patches: enough to fill the kernels, little enough to bound memory.
    private const int MaxPatchesTogether = 2048;

    private readonly Dictionary<Image, RowRun> _runs = new(ReferenceEqualityComparer.Instance);
    private readonly List<Tensor> _tensors = [];

    private EncodedImages()
    {
    }

    /// <summary>Encodes all pictures of some requests.</summary>
    public static EncodedImages Encode(
        PaliGemmaModel model, ImagePreprocessing preprocessing, IEnumerable<Image> images, CancellationToken cancellationToken)
    {
        var encoded = new EncodedImages();
        try
        {
            int together = Math.Max(1, MaxPatchesTogether / model.Config.ImageTokens);
            foreach (Image[] chunk in images.Distinct<Image>(ReferenceEqualityComparer.Instance).Chunk(together))
            {
                cancellationToken.ThrowIfCancellationRequested();
                encoded.Add(model, preprocessing, chunk);
            }

            return encoded;
        }
        catch
        {
            encoded.Dispose();
            throw;
        }
    }

    /// <summary>The rows of a request's pictures, in order.</summary>
    public RowRun[] Runs(IReadOnlyList<Image> images) => [.. images.Select(image => _runs[image])];

    public void Dispose()
    {
        foreach (Tensor tensor in _tensors)
            tensor.Dispose();
    }

    private void Add(PaliGemmaModel model, ImagePreprocessing preprocessing, Image[] images)
    {
        SigLipConfig vision = model.Config.Vision;
        int values = vision.Channels * vision.ImageSize * vision.ImageSize;
        using Tensor pixels = model.Backend.Rent(new TensorShape(images.Length, vision.Channels, vision.ImageSize, vision.ImageSize));
        for (int i = 0; i < images.Length; i++)
            preprocessing.ToPixelValues(images[i], pixels.Span.Slice(i * values, values));
        Tensor rows = model.EncodeImages(pixels);
        _tensors.Add(rows);
        for (int i = 0; i < images.Length; i++)
            _runs.Add(images[i], new RowRun(rows, i * model.Config.ImageTokens, model.Config.ImageTokens));
    }
}
