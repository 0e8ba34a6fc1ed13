using System.Numerics;
using System.Runtime.Intrinsics;

namespace PaliSharp.Imaging.Resampling;

/// <summary>
/// Scales samples as <c>tf.image.resize</c> does: half-pixel centres, single precision, rows before columns, no rounding to 8 bits.
/// Results agree with TensorFlow within 1/1000 of a level.
/// </summary>
public static class TensorFlowResizer
{
    private delegate void WeightedSum<T>(ReadOnlySpan<T> row, float weight, Span<float> sums);

    /// <summary>Scales float samples.</summary>
    /// <param name="source">Rows of interleaved samples: source height × source width × channels.</param>
    /// <param name="sourceWidth">The columns of the source.</param>
    /// <param name="sourceHeight">The rows of the source.</param>
    /// <param name="channels">The samples of a pixel, at least 1.</param>
    /// <param name="target">Receives height × width × channels samples.</param>
    /// <param name="width">The new number of columns.</param>
    /// <param name="height">The new number of rows.</param>
    /// <param name="method">The method.</param>
    /// <param name="antialias">Whether kernels widen when scaling down, so that nothing aliases.</param>
    /// <exception cref="ArgumentException">A size is not positive or a span has another length.</exception>
    /// <exception cref="ResourceLimitException">The samples between the passes would not fit in one array.</exception>
    public static void Resize(
        ReadOnlySpan<float> source,
        int sourceWidth,
        int sourceHeight,
        int channels,
        Span<float> target,
        int width,
        int height,
        TensorFlowMethod method = TensorFlowMethod.Bilinear,
        bool antialias = true) =>
        Scale(source, sourceWidth, sourceHeight, channels, target, width, height, method, antialias, Add);

    /// <summary>Scales 8-bit samples to float samples.</summary>
    /// <inheritdoc cref="Resize(ReadOnlySpan{float}, int, int, int, Span{float}, int, int, TensorFlowMethod, bool)"/>
    public static void Resize(
        ReadOnlySpan<byte> source,
        int sourceWidth,
        int sourceHeight,
        int channels,
        Span<float> target,
        int width,
        int height,
        TensorFlowMethod method = TensorFlowMethod.Bilinear,
        bool antialias = true) =>
        Scale(source, sourceWidth, sourceHeight, channels, target, width, height, method, antialias, Add);

    private static void Scale<T>(
        ReadOnlySpan<T> source,
        int sourceWidth,
        int sourceHeight,
        int channels,
        Span<float> target,
        int width,
        int height,
        TensorFlowMethod method,
        bool antialias,
        WeightedSum<T> add)
        where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sourceWidth, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(sourceHeight, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (!Enum.IsDefined(method))
            throw new ArgumentOutOfRangeException(nameof(method), method, "There is no such method.");
        if (source.Length != (decimal)sourceWidth * sourceHeight * channels)
            throw new ArgumentException($"The source has {source.Length} samples; {sourceWidth}x{sourceHeight}x{channels} were announced.", nameof(source));
        if (target.Length != (decimal)width * height * channels)
            throw new ArgumentException($"The target has {target.Length} samples; {width}x{height}x{channels} are needed.", nameof(target));
        TensorFlowSpans rows = TensorFlowSpans.Create(sourceHeight, height, method, antialias);
        TensorFlowSpans columns = TensorFlowSpans.Create(sourceWidth, width, method, antialias);
        int stride = sourceWidth * channels;
        float[] between = new float[stride];
        for (int y = 0; y < height; y++)
        {
            between.AsSpan().Clear();
            ReadOnlySpan<float> weights = rows.Weights(y);
            for (int i = 0; i < weights.Length; i++)
                add(source.Slice((rows.First(y) + i) * stride, stride), weights[i], between);

            Horizontal(between, columns, channels, target.Slice(y * width * channels, width * channels));
        }
    }

    private static void Add(ReadOnlySpan<float> row, float weight, Span<float> sums)
    {
        int x = 0;
        for (; x <= row.Length - Vector<float>.Count; x += Vector<float>.Count)
            (new Vector<float>(sums[x..]) + (new Vector<float>(row[x..]) * weight)).CopyTo(sums[x..]);
        for (; x < row.Length; x++)
            sums[x] += row[x] * weight;
    }

    private static void Add(ReadOnlySpan<byte> row, float weight, Span<float> sums)
    {
        int x = 0;
        for (; x <= row.Length - Vector128<byte>.Count; x += Vector128<byte>.Count)
        {
            (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(Vector128.Create(row.Slice(x, Vector128<byte>.Count)));
            Span<float> sum = sums.Slice(x, Vector128<byte>.Count);
            AddFour(Vector128.WidenLower(low), weight, sum);
            AddFour(Vector128.WidenUpper(low), weight, sum[4..]);
            AddFour(Vector128.WidenLower(high), weight, sum[8..]);
            AddFour(Vector128.WidenUpper(high), weight, sum[12..]);
        }

        for (; x < row.Length; x++)
            sums[x] += row[x] * weight;
    }

    private static void AddFour(Vector128<uint> samples, float weight, Span<float> sums) =>
        (Vector128.Create<float>(sums[..4]) + (Vector128.ConvertToSingle(samples.AsInt32()) * weight)).CopyTo(sums);

    private static void Horizontal(ReadOnlySpan<float> row, TensorFlowSpans columns, int channels, Span<float> target)
    {
        target.Clear();
        for (int x = 0; x < columns.Outputs; x++)
        {
            ReadOnlySpan<float> weights = columns.Weights(x);
            int from = columns.First(x) * channels;
            Span<float> pixel = target.Slice(x * channels, channels);
            foreach (float weight in weights)
            {
                for (int c = 0; c < pixel.Length; c++)
                    pixel[c] += row[from++] * weight;
            }
        }
    }
}
