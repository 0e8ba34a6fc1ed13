using PaliSharp.Imaging.Resampling;

namespace PaliSharp.Imaging;

/// <summary>Turns pictures into the input of the vision tower, bit for bit as the reference processor on Pillow.</summary>
public static class ImagePreprocessor
{
    private static readonly float[] Values = MakeValues();

    /// <summary>The model's value of each 8-bit level: (level · (1/255) − 0.5) / 0.5 in single precision, from −1 to 1.</summary>
    public static ReadOnlySpan<float> LevelValues => Values;

    /// <summary>
    /// Squashes a picture to a square by the bicubic filter (the aspect ratio is not kept), rounds to 8 bits and maps levels to −1 … 1.
    /// Alpha is dropped.
    /// </summary>
    /// <param name="image">The picture.</param>
    /// <param name="size">The side of the square in pixels, at least 1.</param>
    /// <param name="target">Receives 3 × size × size values, plane after plane: red, green, blue.</param>
    /// <param name="order">Which pass of the resampling comes first.</param>
    /// <exception cref="ArgumentException">The size is not positive or the target has another length.</exception>
    public static void ToPixelValues(Image image, int size, Span<float> target, PassOrder order = PassOrder.Pillow13)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        if (target.Length != 3L * size * size)
            throw new ArgumentException($"The target has {target.Length} values; 3x{size}x{size} are needed.", nameof(target));
        ToPlanes(image.ToRgb().Resize(size, size, ResampleFilter.Bicubic, order), target);
    }

    /// <summary>Maps the levels of a picture to −1 … 1 without scaling it. Alpha is dropped.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="target">Receives 3 × height × width values, plane after plane: red, green, blue.</param>
    /// <exception cref="ArgumentException">The target has another length.</exception>
    public static void ToPlanes(Image image, Span<float> target)
    {
        ArgumentNullException.ThrowIfNull(image);
        int plane = image.Width * image.Height;
        if (target.Length != 3L * plane)
        {
            throw new ArgumentException(
                $"The target has {target.Length} values; 3x{image.Height}x{image.Width} are needed.", nameof(target));
        }

        ReadOnlySpan<float> values = Values;
        ReadOnlySpan<byte> pixels = image.Pixels;
        Span<float> red = target[..plane];
        Span<float> green = target.Slice(plane, plane);
        Span<float> blue = target.Slice(2 * plane, plane);
        int step = image.Channels;
        for (int i = 0, at = 0; i < plane; i++, at += step)
        {
            red[i] = values[pixels[at]];
            green[i] = values[pixels[at + 1]];
            blue[i] = values[pixels[at + 2]];
        }
    }

    private static float[] MakeValues()
    {
        // The reference scales in double, rounds to single, then normalises in single precision.
        float[] values = new float[256];
        for (int i = 0; i < values.Length; i++)
            values[i] = ((float)(i * (1.0 / 255.0)) - 0.5f) / 0.5f;
        return values;
    }
}
