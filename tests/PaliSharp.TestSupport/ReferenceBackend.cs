using PaliSharp.Tensors;
using PaliSharp.Tensors.Quantization;

namespace PaliSharp.TestSupport;

/// <summary>
/// The operations as their definitions read: plain loops in float64, each result rounded to float32 once. Slow, and the yardstick of every
/// faster backend; also the place to look up what an operation means.
/// </summary>
public sealed unsafe class ReferenceBackend : TensorBackend
{
    /// <inheritdoc/>
    public override TensorPool Pool { get; } = new();

    /// <inheritdoc/>
    public override Tensor Linear(Tensor x, Weight weight, Weight? bias = null)
    {
        int outputs = weight.Shape[0];
        Require(weight.Shape.Rank == 2 && weight.Shape[1] == x.Columns, $"Linear: {x.Shape} and {weight.Shape}");
        float[] w = Values(weight);
        float[]? b = bias is null ? null : Values(bias);
        Tensor y = Rent(new TensorShape(x.Rows, outputs));
        for (int row = 0; row < x.Rows; row++)
        {
            float[] values = Operand(x.Row(row), weight.Type);
            for (int output = 0; output < outputs; output++)
            {
                double sum = b is null ? 0 : b[output];
                for (int input = 0; input < x.Columns; input++)
                    sum += (double)values[input] * w[((long)output * x.Columns) + input];
                y.Row(row)[output] = (float)sum;
            }
        }

        return y;
    }

    // Activations are rounded to bytes before they meet a quantised weight.
    private static float[] Operand(ReadOnlySpan<float> row, WeightType type)
    {
        float[] values = row.ToArray();
        if (!QuantizedLayout.IsQuantized(type))
            return values;
        int[] quants = new int[values.Length];
        float[] scales = new float[(values.Length / ActivationRounding.Block) + 1];
        ActivationRounding.Round(row, type == WeightType.Int8, quants, scales);
        for (int i = 0; i < values.Length; i++)
            values[i] = quants[i] * scales[i / ActivationRounding.Block];
        return values;
    }

    /// <inheritdoc/>
    public override Tensor LinearRows(Tensor x, Weight weight, ReadOnlySpan<int> rows)
    {
        using Tensor all = Linear(x, weight);
        Tensor y = Rent(new TensorShape(x.Rows, rows.Length));
        for (int row = 0; row < x.Rows; row++)
        {
            for (int i = 0; i < rows.Length; i++)
                y.Row(row)[i] = all.Row(row)[rows[i]];
        }

        return y;
    }

    /// <inheritdoc/>
    public override Tensor Add(Tensor a, Tensor b, float scale = 1) => AddRows(a, b.Span, b.Shape, scale);

    /// <inheritdoc/>
    public override Tensor Add(Tensor a, Weight weight) => AddRows(a, Values(weight), weight.Shape, 1);

    /// <inheritdoc/>
    public override Tensor Multiply(Tensor x, Weight weight)
    {
        float[] w = RowWeight(x, weight);
        return MapRows(x, (row, column) => (double)row[column] * w[column]);
    }

    /// <inheritdoc/>
    public override Tensor LayerNorm(Tensor x, Weight scale, Weight bias, float epsilon)
    {
        float[] w = RowWeight(x, scale);
        float[] b = RowWeight(x, bias);
        Tensor y = Rent(x.Shape);
        for (int i = 0; i < x.Rows; i++)
        {
            double mean = Mean(x.Row(i), value => value);
            double variance = Mean(x.Row(i), value => (value - mean) * (value - mean));
            for (int j = 0; j < x.Columns; j++)
                y.Row(i)[j] = (float)(((x.Row(i)[j] - mean) / Math.Sqrt(variance + epsilon) * w[j]) + b[j]);
        }

        return y;
    }

    /// <inheritdoc/>
    public override Tensor RmsNorm(Tensor x, Weight weight, float epsilon)
    {
        float[] w = RowWeight(x, weight);
        Tensor y = Rent(x.Shape);
        for (int i = 0; i < x.Rows; i++)
        {
            double meanSquare = Mean(x.Row(i), value => value * value);
            for (int j = 0; j < x.Columns; j++)
                y.Row(i)[j] = (float)(x.Row(i)[j] / Math.Sqrt(meanSquare + epsilon) * (1.0 + w[j]));
        }

        return y;
    }

    /// <inheritdoc/>
    public override Tensor GeluTanh(Tensor x) => MapRows(x, (row, column) => GeluTanh(row[column]));

    /// <inheritdoc/>
    public override Tensor GatedGeluTanh(Tensor gate, Tensor up)
    {
        Require(gate.Rows == up.Rows && gate.Columns == up.Columns, $"GatedGeluTanh: {gate.Shape} and {up.Shape}");
        Tensor y = Rent(gate.Shape);
        for (int i = 0; i < y.Span.Length; i++)
            y.Span[i] = (float)(GeluTanh(gate.Span[i]) * up.Span[i]);
        return y;
    }

    /// <inheritdoc/>
    public override Tensor SoftCap(Tensor x, float cap) => MapRows(x, (row, column) => cap * Math.Tanh(row[column] / (double)cap));

    /// <inheritdoc/>
    public override Tensor RotaryEmbedding(Tensor x, ReadOnlySpan<int> positions, int headSize, float thetaBase)
    {
        Require(positions.Length == x.Rows && headSize % 2 == 0 && x.Columns % headSize == 0, $"RotaryEmbedding: {x.Shape}, {positions.Length} positions, heads of {headSize}");
        int half = headSize / 2;
        Tensor y = Rent(x.Shape);
        for (int row = 0; row < x.Rows; row++)
        {
            for (int head = 0; head < x.Columns / headSize; head++)
            {
                Span<float> source = x.Row(row).Slice(head * headSize, headSize);
                Span<float> result = y.Row(row).Slice(head * headSize, headSize);
                for (int i = 0; i < half; i++)
                {
                    double theta = positions[row] * Math.Pow(thetaBase, -2.0 * i / headSize);
                    (double a, double b) = (source[i], source[half + i]);
                    result[i] = (float)((a * Math.Cos(theta)) - (b * Math.Sin(theta)));
                    result[half + i] = (float)((b * Math.Cos(theta)) + (a * Math.Sin(theta)));
                }
            }
        }

        return y;
    }

    /// <inheritdoc/>
    public override Tensor Attention(Tensor queries, ReadOnlySpan<AttentionSegment> segments, in AttentionOptions options)
    {
        int headSize = options.HeadSize;
        Require(queries.Columns == options.QueryHeads * headSize && options.QueryHeads % options.KeyValueHeads == 0, $"Attention: {queries.Shape} and {options}");
        Tensor y = Rent(new TensorShape(queries.Rows, queries.Columns));
        foreach (AttentionSegment segment in segments)
        {
            for (int query = 0; query < segment.QueryCount; query++)
            {
                for (int head = 0; head < options.QueryHeads; head++)
                {
                    int row = segment.QueryStart + query;
                    Attend(
                        queries.Row(row).Slice(head * headSize, headSize),
                        segment,
                        segment.VisibleKeys(query, options.Window),
                        head * options.KeyValueHeads / options.QueryHeads,
                        options,
                        y.Row(row).Slice(head * headSize, headSize));
                }
            }
        }

        return y;
    }

    /// <inheritdoc/>
    public override Tensor Embedding(ReadOnlySpan<int> ids, Weight table, float scale)
    {
        int width = table.Shape[1];
        float[] values = Values(table);
        Tensor y = Rent(new TensorShape(ids.Length, width));
        for (int i = 0; i < ids.Length; i++)
        {
            if ((uint)ids[i] >= (uint)table.Shape[0])
                throw new ArgumentOutOfRangeException(nameof(ids), ids[i], $"Embedding: the table has {table.Shape[0]} rows.");
            for (int j = 0; j < width; j++)
                y.Row(i)[j] = (float)((double)scale * values[(ids[i] * width) + j]);
        }

        return y;
    }

    /// <inheritdoc/>
    public override Tensor Patches(Tensor pixels, int patch)
    {
        (int pictures, int channels, int height, int width) = (pixels.Shape[0], pixels.Shape[1], pixels.Shape[2], pixels.Shape[3]);
        Require(patch > 0 && height % patch == 0 && width % patch == 0, $"Patches: {pixels.Shape} and {patch}");
        Tensor y = Rent(new TensorShape(pictures * (height / patch) * (width / patch), channels * patch * patch));
        int target = 0;
        for (int picture = 0; picture < pictures; picture++)
        {
            for (int top = 0; top < height; top += patch)
            {
                for (int left = 0; left < width; left += patch)
                {
                    for (int channel = 0; channel < channels; channel++)
                    {
                        for (int row = top; row < top + patch; row++)
                        {
                            for (int column = left; column < left + patch; column++)
                                y.Span[target++] = pixels.Span[(((((picture * channels) + channel) * height) + row) * width) + column];
                        }
                    }
                }
            }
        }

        return y;
    }

    /// <inheritdoc/>
    public override Tensor ConcatenateRows(ReadOnlySpan<RowRun> runs)
    {
        int rows = 0;
        foreach (RowRun run in runs)
            rows += run.Count;
        Tensor y = Rent(new TensorShape(rows, runs[0].Source.Columns));
        int target = 0;
        foreach (RowRun run in runs)
        {
            for (int row = run.Start; row < run.Start + run.Count; row++)
                run.Source.Row(row).CopyTo(y.Row(target++));
        }

        return y;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Pool.Dispose();
    }

    private static void Attend(
        ReadOnlySpan<float> query,
        AttentionSegment segment,
        (int Start, int End) visible,
        int keyHead,
        AttentionOptions options,
        Span<float> result)
    {
        result.Clear();
        int count = visible.End - visible.Start;
        if (count <= 0)
            return;
        int headSize = options.HeadSize;
        var logits = new double[count];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<float> key = segment.Keys.Row(segment.KeyStart + visible.Start + i).Slice(keyHead * headSize, headSize);
            for (int j = 0; j < headSize; j++)
                logits[i] += (double)query[j] * key[j];
            logits[i] *= options.Scale;
            if (options.SoftCap > 0)
                logits[i] = options.SoftCap * Math.Tanh(logits[i] / options.SoftCap);
        }

        double maximum = logits.Max();
        double[] weights = Array.ConvertAll(logits, logit => Math.Exp(logit - maximum));
        double total = weights.Sum();
        for (int j = 0; j < headSize; j++)
        {
            double sum = 0;
            for (int i = 0; i < count; i++)
                sum += weights[i] / total * segment.Values.Row(segment.KeyStart + visible.Start + i)[(keyHead * headSize) + j];
            result[j] = (float)sum;
        }
    }

    private static double GeluTanh(double x) => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x))));

    private static double Mean(ReadOnlySpan<float> row, Func<double, double> function)
    {
        double sum = 0;
        foreach (float value in row)
            sum += function(value);
        return sum / row.Length;
    }

    private static float[] Values(Weight weight)
    {
        var values = new float[weight.Shape.Count];
        weight.CopyTo(values);
        return values;
    }

    private static float[] RowWeight(Tensor x, Weight weight)
    {
        Require(weight.Shape.Count == x.Columns, $"{x.Shape} and the weight {weight.Shape}");
        return Values(weight);
    }

    private static void Require(bool condition, string shapes)
    {
        if (!condition)
            throw new ArgumentException($"These do not fit: {shapes}.");
    }

    private delegate double RowFunction(ReadOnlySpan<float> row, int column);

    private Tensor MapRows(Tensor x, RowFunction function)
    {
        Tensor y = Rent(x.Shape);
        for (int row = 0; row < x.Rows; row++)
        {
            for (int column = 0; column < x.Columns; column++)
                y.Row(row)[column] = (float)function(x.Row(row), column);
        }

        return y;
    }

    private Tensor AddRows(Tensor a, ReadOnlySpan<float> b, TensorShape shape, float scale)
    {
        Require(shape.Columns == a.Columns && (shape.Rows == 0 ? a.Rows == 0 : a.Rows % shape.Rows == 0), $"Add: {a.Shape} and {shape}");
        Tensor y = Rent(a.Shape);
        for (int row = 0; row < a.Rows; row++)
        {
            for (int column = 0; column < a.Columns; column++)
                y.Row(row)[column] = (float)(a.Row(row)[column] + ((double)scale * b[((row % shape.Rows) * a.Columns) + column]));
        }

        return y;
    }
}
