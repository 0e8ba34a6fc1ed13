namespace PaliSharp.Imaging.Resampling;

/// <summary>The two passes for float samples.</summary>
internal static class FloatResampler
{
    /// <summary>Scales the box of the source to the target.</summary>
    public static void Resize(
        ReadOnlySpan<float> source, int sourceWidth, int sourceHeight, Span<float> target, int width, int height, ResampleFilter filter, CropBox box, PassOrder order)
    {
        ResampleKernel? columns = width != sourceWidth || box.Left != 0 || box.Right != sourceWidth
            ? ResampleKernel.Create(sourceWidth, box.Left, box.Right, width, filter)
            : null;
        ResampleKernel? rows = height != sourceHeight || box.Top != 0 || box.Bottom != sourceHeight
            ? ResampleKernel.Create(sourceHeight, box.Top, box.Bottom, height, filter)
            : null;
        if (rows is null)
        {
            Horizontal(source, sourceWidth, target, columns!);
        }
        else if (columns is null)
        {
            Vertical(source, sourceWidth, target, rows);
        }
        else if (Resampler.VerticalFirst(sourceWidth, sourceHeight, width, height, order))
        {
            float[] between = new float[ImageLimits.ByteCount(sourceWidth, height, 1)];
            Vertical(source, sourceWidth, between, rows);
            Horizontal(between, sourceWidth, target, columns);
        }
        else
        {
            float[] between = new float[ImageLimits.ByteCount(width, sourceHeight, 1)];
            Horizontal(source, sourceWidth, between, columns);
            Vertical(between, width, target, rows);
        }
    }

    private static void Horizontal(ReadOnlySpan<float> source, int sourceWidth, Span<float> target, ResampleKernel kernel)
    {
        int width = kernel.Outputs;
        for (int y = 0; y < target.Length / width; y++)
        {
            ReadOnlySpan<float> row = source.Slice(y * sourceWidth, sourceWidth);
            Span<float> output = target.Slice(y * width, width);
            for (int x = 0; x < width; x++)
            {
                ReadOnlySpan<float> taps = row.Slice(kernel.First[x], kernel.Count[x]);
                ReadOnlySpan<double> weights = kernel.Weights.AsSpan(x * kernel.Stride, taps.Length);
                double sum = 0;
                for (int i = 0; i < taps.Length; i++)
                    sum += taps[i] * weights[i];
                output[x] = (float)sum;
            }
        }
    }

    private static void Vertical(ReadOnlySpan<float> source, int width, Span<float> target, ResampleKernel kernel)
    {
        double[] sums = new double[width];
        for (int y = 0; y < kernel.Outputs; y++)
        {
            sums.AsSpan().Clear();
            for (int i = 0; i < kernel.Count[y]; i++)
            {
                ReadOnlySpan<float> row = source.Slice((kernel.First[y] + i) * width, width);
                double weight = kernel.Weights[(y * kernel.Stride) + i];
                for (int x = 0; x < row.Length; x++)
                    sums[x] += row[x] * weight;
            }

            Span<float> output = target.Slice(y * width, width);
            for (int x = 0; x < output.Length; x++)
                output[x] = (float)sums[x];
        }
    }
}
