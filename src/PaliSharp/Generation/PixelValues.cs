using PaliSharp.Checkpoints;
using PaliSharp.Imaging;
using PaliSharp.Imaging.Resampling;

namespace PaliSharp.Generation;

/// <summary>Turns pictures into the encoder's input by a checkpoint's own preprocessing.</summary>
internal static class PixelValues
{
    /// <summary>Squashes the picture to the encoder's square and scales it: (level·RescaleFactor − Mean) / Std.</summary>
    /// <param name="preprocessing">The checkpoint's preprocessing.</param>
    /// <param name="image">The picture.</param>
    /// <param name="target">Receives [3, size, size] values.</param>
    public static void ToPixelValues(this ImagePreprocessing preprocessing, Image image, Span<float> target)
    {
        Image square = image.ToRgb().Resize(preprocessing.Size, preprocessing.Size, Filter(preprocessing.Resample));
        int plane = preprocessing.Size * preprocessing.Size;
        ReadOnlySpan<byte> pixels = square.Pixels;
        Span<float> values = stackalloc float[256];
        for (int channel = 0; channel < 3; channel++)
        {
            // The reference scales in double, rounds to single, then normalises in single precision.
            for (int level = 0; level < values.Length; level++)
                values[level] = ((float)(level * (double)preprocessing.RescaleFactor) - preprocessing.Mean[channel]) / preprocessing.Std[channel];
            Span<float> destination = target.Slice(channel * plane, plane);
            for (int i = 0, at = channel; i < plane; i++, at += square.Channels)
                destination[i] = values[pixels[at]];
        }
    }

    private static ResampleFilter Filter(int pillowNumber) => pillowNumber switch
    {
        0 => ResampleFilter.Nearest,
        1 => ResampleFilter.Lanczos,
        2 => ResampleFilter.Bilinear,
        4 => ResampleFilter.Box,
        5 => ResampleFilter.Hamming,
        _ => ResampleFilter.Bicubic,
    };
}
