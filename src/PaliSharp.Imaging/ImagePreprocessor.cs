using PaliSharp.Imaging.Resampling;

namespace PaliSharp.Imaging;

/// <summary>Turns pictures into the input of the vision tower, bit for bit as the reference processor on Pillow.</summary>
public static class ImagePreprocessor
{
    /// <summary>
    /// Squashes a picture to a square (the aspect ratio is not kept), rounds to 8 bits and scales the levels. Alpha is dropped.
    /// </summary>
    /// <param name="image">The picture.</param>
    /// <param name="size">The side of the square in pixels, at least 1.</param>
    /// <param name="target">Receives 3 × size × size values, plane after plane: red, green, blue.</param>
    /// <param name="scaling">How levels become values; null for SigLIP's, −1 to 1.</param>
    /// <param name="filter">The resampling filter.</param>
    /// <param name="order">Which pass of the resampling comes first.</param>
    /// <exception cref="ArgumentException">The size is not positive or the target has another length.</exception>
    public static void ToPixelValues(
        Image image,
        int size,
        Span<float> target,
        PixelScaling? scaling = null,
        ResampleFilter filter = ResampleFilter.Bicubic,
        PassOrder order = PassOrder.Pillow13)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        if (target.Length != 3L * size * size)
            throw new ArgumentException($"The target has {target.Length} values; 3x{size}x{size} are needed.", nameof(target));

        // Alpha has no say in the colours, so that a picture need not be copied to leave it out.
        byte[] scaled = GC.AllocateUninitializedArray<byte>(ImageLimits.ByteCount(size, size, image.Channels));
        var whole = new CropBox(0, 0, image.Width, image.Height);
        Resampler.Resize(image.Pixels, image.Width, image.Height, image.Channels, scaled, size, size, filter, whole, order, weightsByAlpha: false);
        ToPlanes(scaled, image.Channels, target, scaling);
    }

    /// <summary>Scales the levels of a picture without resizing it. Alpha is dropped.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="target">Receives 3 × height × width values, plane after plane: red, green, blue.</param>
    /// <param name="scaling">How levels become values; null for SigLIP's, −1 to 1.</param>
    /// <exception cref="ArgumentException">The target has another length.</exception>
    public static void ToPlanes(Image image, Span<float> target, PixelScaling? scaling = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (target.Length != 3L * image.Width * image.Height)
            throw new ArgumentException($"The target has {target.Length} values; 3x{image.Height}x{image.Width} are needed.", nameof(target));
        ToPlanes(image.Pixels, image.Channels, target, scaling);
    }

    private static void ToPlanes(ReadOnlySpan<byte> pixels, int channels, Span<float> target, PixelScaling? scaling)
    {
        scaling ??= PixelScaling.SigLip;
        int plane = target.Length / 3;
        for (int channel = 0; channel < 3; channel++)
        {
            ReadOnlySpan<float> values = scaling.LevelValues(channel);
            Span<float> destination = target.Slice(channel * plane, plane);
            for (int i = 0, at = channel; i < plane; i++, at += channels)
                destination[i] = values[pixels[at]];
        }
    }
}
