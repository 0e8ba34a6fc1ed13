using PaliSharp.Checkpoints;
using PaliSharp.Imaging;
using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Batching;

/// <summary>A picture resized and scaled.</summary>
/// <param name="Key">What identifies its content.</param>
/// <param name="Pixels">[1, channels, size, size]; to be disposed.</param>
internal readonly record struct PreparedPixels(PictureKey Key, Tensor Pixels);

/// <summary>Resizes pictures to what the encoder takes.</summary>
/// <param name="model">Whose encoder they are for.</param>
/// <param name="preprocessing">How pictures become its input.</param>
internal sealed class PicturePreparation(PaliGemmaModel model, ImagePreprocessing preprocessing) : IDisposable
{
    private readonly object _gate = new();
    private int _running;
    private bool _closed;

    /// <summary>Resizes a picture.</summary>
    /// <exception cref="ObjectDisposedException">The model is gone.</exception>
    public PreparedPixels Prepare(Image image)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            _running++;
        }

        SigLipConfig vision = model.Config.Vision;
        Tensor? pixels = null;
        try
        {
            pixels = model.Backend.Rent(new TensorShape(1, vision.Channels, vision.ImageSize, vision.ImageSize));
            preprocessing.ToPixelValues(image, pixels.Span);
            return new PreparedPixels(PictureKey.Of(pixels.Span), pixels);
        }
        catch
        {
            pixels?.Dispose();
            throw;
        }
        finally
        {
            lock (_gate)
            {
                _running--;
                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <summary>Waits until nothing writes into the model's memory any more, and lets nothing begin.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            while (_running > 0)
                Monitor.Wait(_gate);
        }
    }
}
