namespace PaliSharp.Imaging.Resampling;

/// <summary>Turns pictures into the input of the vision tower as the training code big_vision does on TensorFlow.</summary>
/// <remarks>Published evaluations of PaliGemma used this; <see cref="ImagePreprocessor"/> is the Hugging Face processor.</remarks>
public static class TensorFlowPreprocessor
{
    private static readonly float[] Values = MakeValues();

    /// <summary>The model's value of each 8-bit level: level / 255 · 2 − 1 in single precision, from −1 to 1.</summary>
    public static ReadOnlySpan<float> LevelValues => Values;

    /// <summary>Squashes a picture to the given size; the results are clipped to 0 … 255 and truncated, not rounded, to 8 bits. Alpha is dropped.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="width">The new number of columns, at least 1.</param>
    /// <param name="height">The new number of rows, at least 1.</param>
    /// <param name="antialias">Whether nothing aliases when scaling down; the released models were trained with it.</param>
    /// <param name="method">The method.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not positive.</exception>
    /// <exception cref="ResourceLimitException">The result would not fit in one array.</exception>
    public static Image Resize(Image image, int width, int height, bool antialias = true, TensorFlowMethod method = TensorFlowMethod.Bilinear)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        int channels = image.Channels;
        float[] scaled = new float[ImageLimits.ByteCount(width, height, channels)];
        TensorFlowResizer.Resize(image.Pixels, image.Width, image.Height, channels, scaled, width, height, method, antialias);
        byte[] pixels = GC.AllocateUninitializedArray<byte>(width * height * 3);
        for (int to = 0, from = 0; to < pixels.Length; to += 3, from += channels)
        {
            for (int c = 0; c < 3; c++)
                pixels[to + c] = (byte)Math.Clamp(scaled[from + c], 0f, 255f);
        }

        return new Image(width, height, 3, pixels, image.Metadata);
    }

    /// <summary>Squashes a picture to a square and maps its levels to −1 … 1. Alpha is dropped.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="size">The side of the square in pixels, at least 1.</param>
    /// <param name="target">Receives 3 × size × size values, plane after plane: red, green, blue.</param>
    /// <param name="antialias">Whether nothing aliases when scaling down.</param>
    /// <exception cref="ArgumentException">The size is not positive or the target has another length.</exception>
    public static void ToPixelValues(Image image, int size, Span<float> target, bool antialias = true)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        if (target.Length != 3L * size * size)
            throw new ArgumentException($"The target has {target.Length} values; 3x{size}x{size} are needed.", nameof(target));
        ReadOnlySpan<byte> pixels = Resize(image, size, size, antialias).Pixels;
        int plane = size * size;
        for (int i = 0; i < plane; i++)
        {
            for (int c = 0; c < 3; c++)
                target[(c * plane) + i] = Values[pixels[(3 * i) + c]];
        }
    }

    private static float[] MakeValues()
    {
        float[] values = new float[256];
        for (int i = 0; i < values.Length; i++)
            values[i] = (i / 255f * 2f) - 1f;
        return values;
    }
}
