namespace PaliSharp.Tensors.Quantization;

/// <summary>
/// Chooses scales and quants. Plain scalar arithmetic in a fixed order: the same values give the same bytes on every machine.
/// </summary>
public static unsafe class Quantizer
{
    private const int Int8Largest = 127;
    private const int Int4Least = -QuantizedRow.Int4Offset;
    private const int Int4Largest = QuantizedRow.Int4Offset - 1;

    // The range tried for 4 bits: the largest element of a block lands between −9.6 and −6.4. Beyond it lies no optimum worth finding.
    private const int Candidates = 8;
    private const float CandidateStep = 0.2f;

    /// <summary>Quantises one row.</summary>
    /// <param name="type">A quantised type.</param>
    /// <param name="values">The elements.</param>
    /// <param name="row">Receives <see cref="QuantizedRow.Bytes"/> bytes, of which every one is written.</param>
    /// <exception cref="ArgumentOutOfRangeException">The type is not quantised.</exception>
    /// <exception cref="ArgumentException">The destination has another length, or an element is not finite.</exception>
    public static void QuantizeRow(WeightType type, ReadOnlySpan<float> values, Span<byte> row)
    {
        int block = QuantizedRow.Block(type);
        if (row.Length != QuantizedRow.Bytes(type, values.Length))
            throw new ArgumentException($"A row of {values.Length} {type} takes {QuantizedRow.Bytes(type, values.Length)} bytes, not {row.Length}.", nameof(row));
        foreach (float value in values)
        {
            if (!float.IsFinite(value))
                throw new ArgumentException($"The row holds {value}, which has no quantised form.", nameof(values));
        }

        row.Clear();
        fixed (byte* start = row)
        {
            byte* quants = start + QuantizedRow.HeadBytes(type, values.Length);
            for (int first = 0; first < values.Length; first += block)
            {
                ReadOnlySpan<float> run = values.Slice(first, Math.Min(block, values.Length - first));
                ((ushort*)quants)[-1 - (first / block)] = type == WeightType.Int8
                    ? QuantizeInt8(run, (sbyte*)quants + first)
                    : QuantizeInt4(run, quants + (first / 2));
            }
        }
    }

    /// <summary>Quantises a matrix into memory of its own, rows in parallel.</summary>
    /// <param name="source">A matrix <c>[outputs, inputs]</c> in any storage type.</param>
    /// <param name="type">A quantised type.</param>
    /// <exception cref="ArgumentOutOfRangeException">The type is not quantised.</exception>
    /// <exception cref="ArgumentException">The source is no matrix, or an element is not finite.</exception>
    public static Weight Quantize(Weight source, WeightType type)
    {
        ArgumentNullException.ThrowIfNull(source);
        long rowBytes = QuantizedRow.Bytes(type, source.Shape.Columns);
        var memory = new NativeBuffer(source.Shape.Rows * rowBytes);
        var result = new Weight(source.Name, type, source.Shape, memory.Pointer, memory);
        QuantizeRows(source, type, 0, source.Shape.Rows, (byte*)memory.Pointer);
        return result;
    }

    /// <summary>Quantises some rows of a matrix, in parallel.</summary>
    /// <param name="source">A matrix <c>[outputs, inputs]</c> in any storage type.</param>
    /// <param name="type">A quantised type.</param>
    /// <param name="start">The first row.</param>
    /// <param name="count">The number of rows.</param>
    /// <param name="destination">Receives <paramref name="count"/> times <see cref="QuantizedRow.Bytes"/> bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The type is not quantised, or the rows are not in the matrix.</exception>
    /// <exception cref="ArgumentException">An element is not finite.</exception>
    public static void QuantizeRows(Weight source, WeightType type, int start, int count, byte* destination)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, source.Shape.Rows - count);
        int inputs = source.Shape.Columns;
        int rowBytes = checked((int)QuantizedRow.Bytes(type, inputs));
        try
        {
            _ = Parallel.For(
                0,
                count,
                () => new float[inputs],
                (row, _, values) =>
                {
                    source.CopyTo((long)(start + row) * inputs, inputs, values);
                    QuantizeRow(type, values, new Span<byte>(destination + ((long)row * rowBytes), rowBytes));
                    return values;
                },
                _ => { });
        }
        catch (AggregateException exception) when (exception.InnerException is ArgumentException inner)
        {
            throw new ArgumentException($"'{source.Name}': {inner.Message}", nameof(source), inner);
        }

        GC.KeepAlive(source);
    }

    // Symmetric: the scale is the least bfloat16 for which the largest element is at most 127.
    private static ushort QuantizeInt8(ReadOnlySpan<float> values, sbyte* quants)
    {
        float largest = 0;
        foreach (float value in values)
            largest = Math.Max(largest, Math.Abs(value));
        uint bits = BitConverter.SingleToUInt32Bits(largest / Int8Largest);
        uint scaleBits = (bits + 0xFFFF) & 0xFFFF0000; // up
        float scale = BitConverter.UInt32BitsToSingle(scaleBits);
        for (int i = 0; i < values.Length; i++)
            quants[i] = scale == 0 ? (sbyte)0 : (sbyte)Math.Clamp(MathF.Round(values[i] / scale), -Int8Largest, Int8Largest);
        return (ushort)(scaleBits >> 16);
    }

    // The element of the largest magnitude is to land near −8, the end that reaches farther; its sign becomes the scale's. From there the range is
    // stretched and shrunk in steps: clipping one element a little often serves the other thirty-one. For each step the scale that
    // fits its quants best in the least-squares sense is tried as well.
    private static ushort QuantizeInt4(ReadOnlySpan<float> values, byte* quants)
    {
        float largest = 0;
        foreach (float value in values)
        {
            if (Math.Abs(value) > Math.Abs(largest))
                largest = value;
        }

        ushort best = 0;
        double leastError = SquaredError(values, 0);
        for (int i = -Candidates; i <= Candidates; i++)
        {
            ushort scale = ToBFloat16(largest / (Int4Least + (i * CandidateStep)));
            Consider(values, scale, ref best, ref leastError);
            Consider(values, BestScale(values, FromBFloat16(scale)), ref best, ref leastError);
        }

        float chosen = FromBFloat16(best);
        for (int i = 0; i < QuantizedRow.Int4Block; i++)
        {
            if (i >= values.Length && i % 2 == 0)
                break;
            int quant = (i < values.Length ? Quant(values[i], chosen) : 0) + QuantizedRow.Int4Offset;
            quants[i / 2] |= (byte)(i % 2 == 0 ? quant : quant << 4);
        }

        return best;
    }

    private static void Consider(ReadOnlySpan<float> values, ushort scale, ref ushort best, ref double leastError)
    {
        double error = SquaredError(values, FromBFloat16(scale));
        if (error < leastError)
            (best, leastError) = (scale, error);
    }

    private static double SquaredError(ReadOnlySpan<float> values, float scale)
    {
        double sum = 0;
        foreach (float value in values)
        {
            double difference = value - (Quant(value, scale) * scale); // squares of small values underflow in float32
            sum += difference * difference;
        }

        return sum;
    }

    private static ushort BestScale(ReadOnlySpan<float> values, float scale)
    {
        double product = 0;
        int squares = 0;
        foreach (float value in values)
        {
            int quant = Quant(value, scale);
            product += (double)value * quant;
            squares += quant * quant;
        }

        return squares == 0 ? (ushort)0 : ToBFloat16((float)(product / squares));
    }

    private static int Quant(float value, float scale) =>
        scale == 0 ? 0 : (int)Math.Clamp(MathF.Round(value / scale), Int4Least, Int4Largest);

    private static float FromBFloat16(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    private static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFFu + ((bits >> 16) & 1)) >> 16); // to nearest, ties to even
    }
}
