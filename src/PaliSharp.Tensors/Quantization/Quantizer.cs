using System.Runtime.Intrinsics;

namespace PaliSharp.Tensors.Quantization;

/// <summary>Gives a run of elements of a matrix.</summary>
/// <param name="start">The index of the first element, row-major.</param>
/// <param name="count">How many.</param>
/// <param name="destination">Receives them.</param>
public delegate void ElementReader(long start, int count, Span<float> destination);

/// <summary>
/// Chooses scales and quants. Arithmetic in a fixed order: the same values give the same bytes on every machine.
/// </summary>
public static unsafe class Quantizer
{
    private const int Int8Largest = 127;
    private const int Int4Least = -QuantizedLayout.Int4Offset;
    private const int Int4Largest = QuantizedLayout.Int4Offset - 1;

    // The range tried for 4 bits: the largest element of a block lands between −9.6 and −6.4. Beyond it lies no optimum worth finding.
    private const int Candidates = 5;
    private const float CandidateStep = 0.32f;

    /// <summary>Quantises the rows of one group.</summary>
    /// <param name="type">A quantised type.</param>
    /// <param name="values">The elements of the rows, one row after the other; fewer rows than a group has leave the rest zero.</param>
    /// <param name="inputs">The elements of a row, at least 1.</param>
    /// <param name="group">Receives <see cref="QuantizedLayout.GroupBytes"/> bytes, of which every one is written.</param>
    /// <exception cref="ArgumentOutOfRangeException">The type is not quantised.</exception>
    /// <exception cref="ArgumentException">There are too many rows or no whole rows, the destination has another length, or an element is not finite.</exception>
    public static void QuantizeGroup(WeightType type, ReadOnlySpan<float> values, int inputs, Span<byte> group)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(inputs, 1);
        long groupBytes = QuantizedLayout.GroupBytes(type, inputs);
        if (values.Length % inputs != 0 || values.Length / inputs > QuantizedLayout.GroupOutputs)
            throw new ArgumentException($"{values.Length} elements are not up to {QuantizedLayout.GroupOutputs} rows of {inputs}.", nameof(values));
        if (group.Length != groupBytes)
            throw new ArgumentException($"A group of rows of {inputs} {type} takes {groupBytes} bytes, not {group.Length}.", nameof(group));
        foreach (float value in values)
        {
            if (!float.IsFinite(value))
                throw new ArgumentException($"The rows hold {value}, which has no quantised form.", nameof(values));
        }

        int scaleBytes = (int)QuantizedLayout.ScaleBytes(type, inputs);
        group[..scaleBytes].Clear();
        group[scaleBytes..].Fill(type == WeightType.Int8 ? (byte)QuantizedLayout.Int8Offset : (byte)(QuantizedLayout.Int4Offset * 0x11));
        int block = QuantizedLayout.Block(type);
        fixed (byte* start = group)
        {
            for (int lane = 0; lane < values.Length / inputs; lane++)
            {
                ReadOnlySpan<float> row = values.Slice(lane * inputs, inputs);
                byte* quants = start + scaleBytes + (lane * QuantizedLayout.QuadInputs);
                for (int first = 0; first < inputs; first += block)
                {
                    ReadOnlySpan<float> run = row.Slice(first, Math.Min(block, inputs - first));
                    ((ushort*)start)[(first / block * QuantizedLayout.GroupOutputs) + lane] = type == WeightType.Int8
                        ? QuantizeInt8(run, first, quants)
                        : QuantizeInt4(run, first, quants);
                }
            }
        }
    }

    /// <summary>Quantises a matrix into memory of its own, groups of rows in parallel.</summary>
    /// <param name="source">A matrix <c>[outputs, inputs]</c> in any storage type.</param>
    /// <param name="type">A quantised type.</param>
    /// <exception cref="ArgumentOutOfRangeException">The type is not quantised.</exception>
    /// <exception cref="ArgumentException">The source is no matrix, or an element is not finite.</exception>
    public static Weight Quantize(Weight source, WeightType type)
    {
        ArgumentNullException.ThrowIfNull(source);
        Weight result = Quantize(source.Name, source.Shape, type, source.CopyTo);
        GC.KeepAlive(source);
        return result;
    }

    /// <summary>Quantises a matrix that is nowhere as a whole, groups of rows in parallel.</summary>
    /// <param name="name">The name of the result.</param>
    /// <param name="shape">The extents, <c>[outputs, inputs]</c>.</param>
    /// <param name="type">A quantised type.</param>
    /// <param name="read">Gives the elements; called by several threads at once.</param>
    /// <exception cref="ArgumentOutOfRangeException">The type is not quantised.</exception>
    /// <exception cref="ArgumentException">The shape is not that of a matrix, or an element is not finite.</exception>
    public static Weight Quantize(string name, TensorShape shape, WeightType type, ElementReader read)
    {
        var memory = new NativeBuffer(QuantizedLayout.Bytes(type, shape));
        var result = new Weight(name, type, shape, memory.Pointer, memory);
        QuantizeGroups(name, shape, type, read, 0, QuantizedLayout.Groups(shape.Rows), (byte*)memory.Pointer);
        return result;
    }

    /// <summary>Quantises some groups of rows of a matrix, in parallel.</summary>
    /// <param name="name">What to call the matrix in messages.</param>
    /// <param name="shape">The extents of the matrix, <c>[outputs, inputs]</c>.</param>
    /// <param name="type">A quantised type.</param>
    /// <param name="read">Gives the elements; called by several threads at once.</param>
    /// <param name="start">The first group.</param>
    /// <param name="count">The number of groups.</param>
    /// <param name="destination">Receives <paramref name="count"/> times <see cref="QuantizedLayout.GroupBytes"/> bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The type is not quantised, or the groups are not in the matrix.</exception>
    /// <exception cref="ArgumentException">An element is not finite.</exception>
    public static void QuantizeGroups(
        string name, TensorShape shape, WeightType type, ElementReader read, int start, int count, byte* destination)
    {
        ArgumentNullException.ThrowIfNull(read);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, QuantizedLayout.Groups(shape.Rows) - count);
        int inputs = shape.Columns;
        int rows = shape.Rows;
        if (inputs == 0)
            return;
        int groupBytes = checked((int)QuantizedLayout.GroupBytes(type, inputs));
        try
        {
            _ = Parallel.For(
                0,
                count,
                () => new float[checked(QuantizedLayout.GroupOutputs * inputs)],
                (group, _, values) =>
                {
                    int first = (start + group) * QuantizedLayout.GroupOutputs;
                    int length = Math.Min(QuantizedLayout.GroupOutputs, rows - first) * inputs;
                    read((long)first * inputs, length, values);
                    QuantizeGroup(type, values.AsSpan(0, length), inputs, new Span<byte>(destination + ((long)group * groupBytes), groupBytes));
                    return values;
                },
                _ => { });
        }
        catch (AggregateException exception) when (exception.InnerException is ArgumentException inner)
        {
            throw new ArgumentException($"'{name}': {inner.Message}", nameof(read), inner);
        }
    }

    // Symmetric: the scale is the least bfloat16 for which the largest element is at most 127.
    private static ushort QuantizeInt8(ReadOnlySpan<float> values, int first, byte* quants)
    {
        float largest = 0;
        foreach (float value in values)
            largest = Math.Max(largest, Math.Abs(value));
        uint bits = BitConverter.SingleToUInt32Bits(largest / Int8Largest);
        uint scaleBits = (bits + 0xFFFF) & 0xFFFF0000; // up
        float scale = BitConverter.UInt32BitsToSingle(scaleBits);
        for (int i = 0; i < values.Length && scale != 0; i++)
        {
            (int line, int place) = Math.DivRem(first + i, QuantizedLayout.QuadInputs);
            int quant = (int)Math.Clamp(MathF.Round(values[i] / scale), -Int8Largest, Int8Largest);
            quants[(line * QuantizedLayout.LineBytes) + place] = (byte)(quant + QuantizedLayout.Int8Offset);
        }

        return (ushort)(scaleBits >> 16);
    }

    // The element of the largest magnitude is to land near −8, the end that reaches farther; its sign becomes the scale's. From there the range is
    // stretched and shrunk in steps: clipping one element a little often serves all the others. For each step the scale that
    // fits its quants best in the least-squares sense is tried as well. The block is searched divided by its largest element, so that
    // nothing overflows or underflows.
    private static ushort QuantizeInt4(ReadOnlySpan<float> values, int first, byte* quants)
    {
        float largest = 0;
        foreach (float value in values)
        {
            if (Math.Abs(value) > Math.Abs(largest))
                largest = value;
        }

        ushort best = 0;
        if (largest != 0)
        {
            float* block = stackalloc float[QuantizedLayout.Int4Block];
            for (int i = 0; i < values.Length; i++)
                block[i] = values[i] / largest;
            float leastError = float.PositiveInfinity;
            for (int i = -Candidates; i <= Candidates; i++)
            {
                ushort scale = ToBFloat16(largest / (Int4Least + (i * CandidateStep)));
                float better = Consider(block, largest, scale, ref best, ref leastError);
                _ = Consider(block, largest, ToBFloat16(better * largest), ref best, ref leastError);
            }
        }

        float chosen = QuantizedLayout.Widen(best);
        for (int i = 0; i < values.Length; i++)
        {
            (int line, int place) = Math.DivRem(first + i, 2 * QuantizedLayout.QuadInputs);
            byte* pair = quants + (line * QuantizedLayout.LineBytes) + (place % QuantizedLayout.QuadInputs);
            int quant = chosen == 0 ? 0 : (int)Math.Clamp(MathF.Round(values[i] / chosen), Int4Least, Int4Largest);
            quant += QuantizedLayout.Int4Offset;
            *pair = (byte)(place < QuantizedLayout.QuadInputs ? (*pair & 0xF0) | quant : (*pair & 0x0F) | (quant << 4));
        }

        return best;
    }

    /// <summary>Takes a scale if its squared error is the least so far, and returns the scale that fits its quants best.</summary>
    private static float Consider(float* block, float largest, ushort bits, ref ushort best, ref float leastError)
    {
        float scale = QuantizedLayout.Widen(bits) / largest;
        if (scale == 0 || !float.IsFinite(scale))
            return 0;
        float factor = 1 / scale;
        Vector256<float> error = default, product = default, squares = default;
        for (int i = 0; i < QuantizedLayout.Int4Block; i += Vector256<float>.Count)
        {
            Vector256<float> value = Vector256.Load(block + i);
            Vector256<float> quant = Vector256.Round(value * factor);
            quant = Vector256.Min(Vector256.Max(quant, Vector256.Create((float)Int4Least)), Vector256.Create((float)Int4Largest));
            Vector256<float> difference = value - (quant * scale);
            error += difference * difference;
            product += value * quant;
            squares += quant * quant;
        }

        float sum = Total(error);
        if (sum < leastError)
            (best, leastError) = (bits, sum);
        float divisor = Total(squares);
        return divisor == 0 ? 0 : Total(product) / divisor;
    }

    // In a fixed order: the same on every machine.
    private static float Total(Vector256<float> value)
    {
        Vector128<float> half = value.GetLower() + value.GetUpper();
        return (half[0] + half[1]) + (half[2] + half[3]);
    }

    private static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFFu + ((bits >> 16) & 1)) >> 16); // to nearest, ties to even
    }
}
