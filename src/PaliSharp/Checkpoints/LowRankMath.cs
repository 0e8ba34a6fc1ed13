using System.Numerics;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Quantization;

namespace PaliSharp.Checkpoints;

/// <summary>The arithmetic of folding a low-rank update into the matrix it belongs to, row by row, so that no matrix is widened as a whole.</summary>
internal static unsafe class LowRankMath
{
    /// <summary>DoRA's factor of each output: magnitude ÷ ‖row of W + Scale·B·A‖.</summary>
    /// <param name="weight">W, [outputs, inputs].</param>
    /// <param name="update">A and B in float32, and the scale.</param>
    /// <param name="magnitude">[outputs], one for each row of W.</param>
    /// <returns>[outputs] in float32.</returns>
    public static Weight OutputScale(Weight weight, LowRankUpdate update, float[] magnitude)
    {
        var factors = new float[magnitude.Length];
        ForEachRow(weight, update, (row, values) =>
        {
            double squares = 0;
            foreach (float value in values)
                squares += (double)value * value;

            // A row of zeros has no direction to give the magnitude to: it stays zero instead of turning into NaN.
            factors[row] = squares > 0 ? (float)(magnitude[row] / Math.Sqrt(squares)) : 0;
        });
        return Weight.FromValues(weight.Name, new TensorShape(factors.Length), factors);
    }

    /// <summary>OutputScale ⊙ (W + Scale·B·A).</summary>
    /// <param name="weight">W, [outputs, inputs].</param>
    /// <param name="update">A and B in float32, and the scales.</param>
    /// <param name="type">How to store the result.</param>
    public static Weight Merge(Weight weight, LowRankUpdate update, WeightType type)
    {
        var memory = new NativeBuffer(Weight.SizeOf(type, weight.Shape));
        var result = new Weight(weight.Name, type, weight.Shape, memory.Pointer, memory);
        if (QuantizedLayout.IsQuantized(type))
        {
            MergeGroups(weight, update, type, (byte*)memory.Pointer);
            return result;
        }

        byte* destination = (byte*)memory.Pointer;
        long rowBytes = Weight.SizeOf(type, new TensorShape(1, weight.Shape.Columns));
        ForEachRow(weight, update, (row, values) =>
        {
            ScaleOutput(update, row, values);
            Store(values, type, destination + (row * rowBytes));
        });
        GC.KeepAlive(memory);
        return result;
    }

    private static void MergeGroups(Weight weight, LowRankUpdate update, WeightType type, byte* destination)
    {
        int columns = weight.Shape.Columns;
        int groupBytes = checked((int)QuantizedLayout.GroupBytes(type, columns));
        _ = Parallel.For(
            0,
            QuantizedLayout.Groups(weight.Shape.Rows),
            () => new float[checked(QuantizedLayout.GroupOutputs * columns)],
            (group, _, values) =>
            {
                int first = group * QuantizedLayout.GroupOutputs;
                int rows = Math.Min(QuantizedLayout.GroupOutputs, weight.Shape.Rows - first);
                for (int i = 0; i < rows; i++)
                {
                    Span<float> row = values.AsSpan(i * columns, columns);
                    weight.CopyTo((long)(first + i) * columns, columns, row);
                    AddProduct(update, first + i, row);
                    ScaleOutput(update, first + i, row);
                }

                Quantizer.QuantizeGroup(type, values.AsSpan(0, rows * columns), columns, new Span<byte>(destination + ((long)group * groupBytes), groupBytes));
                return values;
            },
            _ => { });
        GC.KeepAlive(weight);
        GC.KeepAlive(update);
    }

    private static void ScaleOutput(LowRankUpdate update, int row, Span<float> values)
    {
        if (update.OutputScale is not { } scale)
            return;
        float factor = scale.AsSpan()[row];
        foreach (ref float value in values)
            value *= factor;
    }

    private delegate void RowAction(int row, Span<float> values);

    // Rows are independent: they are shared among the processor's cores, each with a row of scratch of its own.
    private static void ForEachRow(Weight weight, LowRankUpdate update, RowAction action)
    {
        int columns = weight.Shape.Columns;
        _ = Parallel.For(
            0,
            weight.Shape[0],
            () => new float[columns],
            (row, _, values) =>
            {
                weight.CopyTo((long)row * columns, columns, values);
                AddProduct(update, row, values);
                action(row, values);
                return values;
            },
            _ => { });
        GC.KeepAlive(weight);
        GC.KeepAlive(update);
    }

    private static void AddProduct(LowRankUpdate update, int row, Span<float> values)
    {
        int rank = update.A.Shape[0];
        float* a = (float*)update.A.Data;
        float* b = (float*)update.B.Data + ((long)row * rank);
        for (int k = 0; k < rank; k++)
        {
            float factor = update.Scale * b[k];
            var source = new ReadOnlySpan<float>(a + ((long)k * values.Length), values.Length);
            int i = 0;
            for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
                (new Vector<float>(values[i..]) + (new Vector<float>(source[i..]) * factor)).CopyTo(values[i..]);
            for (; i < values.Length; i++)
                values[i] += source[i] * factor;
        }
    }

    private static void Store(ReadOnlySpan<float> values, WeightType type, byte* destination)
    {
        switch (type)
        {
            case WeightType.Float32:
                values.CopyTo(new Span<float>(destination, values.Length));
                break;
            case WeightType.BFloat16:
                ushort* words = (ushort*)destination;
                for (int i = 0; i < values.Length; i++)
                    words[i] = RoundToBFloat16(values[i]);
                break;
            default:
                var halves = (Half*)destination;
                for (int i = 0; i < values.Length; i++)
                    halves[i] = (Half)values[i];
                break;
        }
    }

    /// <summary>To nearest, ties to even; a NaN keeps its sign and stays a NaN.</summary>
    public static ushort RoundToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value))
            return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
