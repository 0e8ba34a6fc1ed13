using PaliSharp.Checkpoints;
using PaliSharp.Imaging;
using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Batching;

/// <summary>A picture resized and scaled, or why it could not be.</summary>
/// <param name="Key">What identifies its content.</param>
/// <param name="Pixels">[1, channels, size, size], to be disposed; null if there was an error.</param>
/// <param name="Failure">The error.</param>
internal readonly record struct PreparedPixels(PictureKey Key, Tensor? Pixels, Exception? Failure);

/// <summary>Resizes pictures to what the encoder takes.</summary>
/// <param name="model">Whose encoder they are for.</param>
/// <param name="preprocessing">How pictures become its input.</param>
internal sealed class PicturePreparation(PaliGemmaModel model, ImagePreprocessing preprocessing)
{
    /// <summary>
    /// Resizes some pictures, side by side. The caller waits and the threads that compute for it are idle meanwhile: resizing beside them would
    /// keep one of them from its share, and all others would wait for that.
    /// </summary>
    public PreparedPixels[] Prepare(IReadOnlyList<Image> images)
    {
        var prepared = new PreparedPixels[images.Count];
        if (images.Count == 1)
            prepared[0] = Prepare(images[0]);
        else
            Parallel.For(0, images.Count, i => prepared[i] = Prepare(images[i]));
        return prepared;
    }

    private PreparedPixels Prepare(Image image)
    {
        SigLipConfig vision = model.Config.Vision;
        Tensor? pixels = null;
        try
        {
            pixels = model.Backend.Rent(new TensorShape(1, vision.Channels, vision.ImageSize, vision.ImageSize));
            preprocessing.ToPixelValues(image, pixels.Span);
            return new PreparedPixels(PictureKey.Of(pixels.Span), pixels, null);
        }
        catch (Exception exception) // of this picture; handed to whoever asked about it
        {
            pixels?.Dispose();
            return new PreparedPixels(default, null, exception);
        }
    }
}
