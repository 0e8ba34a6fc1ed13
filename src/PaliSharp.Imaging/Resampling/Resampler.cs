namespace PaliSharp.Imaging.Resampling;

/// <summary>Resampling of raw samples, equal to Pillow's: separable, antialiased, 8-bit results rounded after each pass.</summary>
public static class Resampler
{
    /// <summary>Scales 8-bit samples. Four channels are RGB with straight alpha; colours are weighted by it.</summary>
    /// <param name="source">Rows of interleaved samples.</param>
    /// <param name="sourceWidth">The columns of the source.</param>
    /// <param name="sourceHeight">The rows of the source.</param>
    /// <param name="channels">The samples of a pixel: 1, 3 or 4.</param>
    /// <param name="target">Receives width × height × channels samples.</param>
    /// <param name="width">The new number of columns.</param>
    /// <param name="height">The new number of rows.</param>
    /// <param name="filter">The kernel.</param>
    /// <param name="box">The part of the source to scale.</param>
    /// <param name="order">Which pass comes first.</param>
    /// <exception cref="ArgumentException">A size is not positive, a span has another length, or the box is empty or leaves the source.</exception>
    public static void Resize(
        ReadOnlySpan<byte> source,
        int sourceWidth,
        int sourceHeight,
        int channels,
        Span<byte> target,
        int width,
        int height,
        ResampleFilter filter,
        CropBox box,
        PassOrder order = PassOrder.Pillow13) =>
        Resize(source, sourceWidth, sourceHeight, channels, target, width, height, filter, box, order, weightsByAlpha: channels == 4);

    /// <summary>The same, with the choice of scaling the fourth channel apart from the others instead of weighting them by it.</summary>
    /// <inheritdoc cref="Resize(ReadOnlySpan{byte}, int, int, int, Span{byte}, int, int, ResampleFilter, CropBox, PassOrder)"/>
    internal static void Resize(
        ReadOnlySpan<byte> source,
        int sourceWidth,
        int sourceHeight,
        int channels,
        Span<byte> target,
        int width,
        int height,
        ResampleFilter filter,
        CropBox box,
        PassOrder order,
        bool weightsByAlpha)
    {
        if (channels is not (1 or 3 or 4))
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "Samples of 8 bits have 1, 3 or 4 channels.");
        CheckArguments(source.Length, sourceWidth, sourceHeight, channels, target.Length, width, height, filter, box);
        if (width == sourceWidth && height == sourceHeight && IsWhole(box, sourceWidth, sourceHeight))
        {
            source.CopyTo(target);
        }
        else if (filter == ResampleFilter.Nearest)
        {
            ResizeNearest(source, sourceWidth, sourceHeight, target, width, height, channels, box);
        }
        else
        {
            ByteResampler.Resize(source, sourceWidth, sourceHeight, channels, target, width, height, filter, box, order, weightsByAlpha);
            if (weightsByAlpha)
                AlphaPremultiplication.Divide(target);
        }
    }

    /// <summary>Scales one channel of float samples: sums in double, single precision between the passes, no rounding or clipping.</summary>
    /// <param name="source">The samples, row after row.</param>
    /// <param name="sourceWidth">The columns of the source.</param>
    /// <param name="sourceHeight">The rows of the source.</param>
    /// <param name="target">Receives width × height samples.</param>
    /// <param name="width">The new number of columns.</param>
    /// <param name="height">The new number of rows.</param>
    /// <param name="filter">The kernel.</param>
    /// <param name="box">The part of the source to scale.</param>
    /// <param name="order">Which pass comes first.</param>
    /// <exception cref="ArgumentException">A size is not positive, a span has another length, or the box is empty or leaves the source.</exception>
    public static void Resize(
        ReadOnlySpan<float> source,
        int sourceWidth,
        int sourceHeight,
        Span<float> target,
        int width,
        int height,
        ResampleFilter filter,
        CropBox box,
        PassOrder order = PassOrder.Pillow13)
    {
        CheckArguments(source.Length, sourceWidth, sourceHeight, 1, target.Length, width, height, filter, box);
        if (width == sourceWidth && height == sourceHeight && IsWhole(box, sourceWidth, sourceHeight))
            source.CopyTo(target);
        else if (filter == ResampleFilter.Nearest)
            ResizeNearest(source, sourceWidth, sourceHeight, target, width, height, 1, box);
        else
            FloatResampler.Resize(source, sourceWidth, sourceHeight, target, width, height, filter, box, order);
    }

    /// <summary>Whether the vertical pass comes first.</summary>
    internal static bool VerticalFirst(int sourceWidth, int sourceHeight, int width, int height, PassOrder order) =>
        order == PassOrder.Pillow13 && height < sourceHeight && sourceHeight - height > 2L * (sourceWidth - width);

    private static bool IsWhole(CropBox box, int width, int height) => box == new CropBox(0, 0, width, height);

    private static void CheckArguments(
        int sourceLength, int sourceWidth, int sourceHeight, int channels, int targetLength, int width, int height, ResampleFilter filter, CropBox box)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sourceWidth, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(sourceHeight, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (!Enum.IsDefined(filter))
            throw new ArgumentOutOfRangeException(nameof(filter), filter, "There is no such filter.");
        if (sourceLength != (long)sourceWidth * sourceHeight * channels)
        {
            throw new ArgumentException(
                $"The source has {sourceLength} samples; {sourceWidth}x{sourceHeight}x{channels} were announced.", nameof(sourceLength));
        }

        if (targetLength != (long)width * height * channels)
        {
            throw new ArgumentException(
                $"The target has {targetLength} samples; {width}x{height}x{channels} are needed.", nameof(targetLength));
        }

        bool inside = box.Left >= 0 && box.Top >= 0 && box.Right <= sourceWidth && box.Bottom <= sourceHeight;
        if (!inside || !(box.Right > box.Left) || !(box.Bottom > box.Top))
        {
            throw new ArgumentException(
                $"The box {box} is empty or leaves the picture of {sourceWidth}x{sourceHeight} pixels.", nameof(box));
        }
    }

    private static void ResizeNearest<T>(
        ReadOnlySpan<T> source, int sourceWidth, int sourceHeight, Span<T> target, int width, int height, int channels, CropBox box)
        where T : unmanaged
    {
        int[] columns = NearestPositions(box.Left, box.Right, width, sourceWidth);
        int[] rows = NearestPositions(box.Top, box.Bottom, height, sourceHeight);
        for (int y = 0, to = 0; y < height; y++)
        {
            ReadOnlySpan<T> row = source.Slice(rows[y] * sourceWidth * channels, sourceWidth * channels);
            foreach (int column in columns)
            {
                for (int c = 0; c < channels; c++)
                    target[to++] = row[(column * channels) + c];
            }
        }
    }

    /// <summary>The position accumulates instead of being multiplied: that decides the ties as the reference does.</summary>
    private static int[] NearestPositions(double low, double high, int count, int limit)
    {
        double scale = (high - low) / count;
        double position = low + (scale * 0.5);
        int[] result = new int[count];
        for (int i = 0; i < count; i++, position += scale)
            result[i] = Math.Clamp((int)position, 0, limit - 1);
        return result;
    }
}
