namespace PaliSharp.Tensors.Quantization;

/// <summary>
/// How a quantised matrix <c>[outputs, inputs]</c> lies in memory: groups of <see cref="GroupOutputs"/> outputs, each
/// <c>[scales][quants]</c>, both parts filled up to whole cache lines.
/// </summary>
/// <remarks>
/// <para>Scales: one bfloat16 for each block of inputs and each output, <c>[block][output of the group]</c>.</para>
/// <para>Quants of 8 bits: lines of 64 bytes, one for every <see cref="QuadInputs"/> inputs, <c>[output of the group][input]</c>, each stored
/// plus 128. Quants of 4 bits: lines of 64 bytes, one for every eight inputs, in the same order; the lower half of a byte belongs to the first four
/// inputs, the upper half to the last four, each stored plus 8. Outputs and inputs that do not exist are zero.</para>
/// <para>Why so:</para>
/// <list type="bullet">
/// <item>The byte products of every processor (<c>vpmaddubsw</c>, <c>vpdpbusd</c>, <c>sdot</c>) add up four neighbouring bytes in each lane of 32 bits. With
/// the outputs along the lanes nothing is ever summed across a vector, four activations are one broadcast, and results leave in the order
/// of y. A vector of any length is a part of a line, so one file serves all processors, and prefill and decoding read it where it lies,
/// from first to last byte: nothing is repacked at load.</item>
/// <item>Quants are unsigned because <c>vpmaddubsw</c> and <c>vpdpbusd</c> want one unsigned operand. What the offset adds to a sum is the offset times the sum of the
/// activations of the block, known before the product begins.</item>
/// <item>A scale is a bfloat16, which widens by a shift. Its eight bits cost no exactness: quants are chosen for the rounded scale. And
/// quant times scale has at most 8 + 8 significant bits, so the dequantised value is exact in float32.</item>
/// <item>Int8: blocks of 128, 8.125 bits a weight. Int4: blocks of 64, 4.25 bits a weight.</item>
/// </list>
/// </remarks>
public static unsafe class QuantizedLayout
{
    /// <summary>The outputs of a group.</summary>
    public const int GroupOutputs = 16;

    /// <summary>The inputs that lie side by side for each output.</summary>
    public const int QuadInputs = 4;

    /// <summary>The inputs that share a scale in <see cref="WeightType.Int8"/>.</summary>
    public const int Int8Block = 128;

    /// <summary>The inputs that share a scale in <see cref="WeightType.Int4"/>.</summary>
    public const int Int4Block = 64;

    /// <summary>The bytes of a cache line; scales and quants of a group are whole lines.</summary>
    public const int LineBytes = GroupOutputs * QuadInputs;

    /// <summary>What is added to an 8-bit quant to make it unsigned.</summary>
    public const int Int8Offset = 128;

    /// <summary>What is added to a 4-bit quant to make it unsigned.</summary>
    public const int Int4Offset = 8;

    /// <summary>Whether a storage type is one of those described here.</summary>
    /// <param name="type">The storage type.</param>
    public static bool IsQuantized(WeightType type) => type is WeightType.Int8 or WeightType.Int4;

    /// <summary>The inputs that share a scale.</summary>
    /// <param name="type">A quantised type.</param>
    /// <exception cref="ArgumentOutOfRangeException">The type is not quantised.</exception>
    public static int Block(WeightType type) => type switch
    {
        WeightType.Int8 => Int8Block,
        WeightType.Int4 => Int4Block,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "This storage type has no blocks."),
    };

    /// <summary>The groups of a matrix.</summary>
    /// <param name="outputs">Its outputs, at least 0.</param>
    public static int Groups(int outputs) => (int)(((long)outputs + GroupOutputs - 1) / GroupOutputs);

    /// <summary>The bytes of the scales at the start of a group.</summary>
    /// <param name="type">A quantised type.</param>
    /// <param name="inputs">The inputs of the matrix, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The type is not quantised.</exception>
    public static long ScaleBytes(WeightType type, long inputs)
    {
        int block = Block(type);
        return WholeLines((inputs + block - 1) / block * GroupOutputs * sizeof(ushort));
    }

    /// <summary>The bytes of a group, and the distance of two groups.</summary>
    /// <param name="type">A quantised type.</param>
    /// <param name="inputs">The inputs of the matrix, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The type is not quantised.</exception>
    public static long GroupBytes(WeightType type, long inputs) =>
        ScaleBytes(type, inputs) + ((inputs + LineInputs(type) - 1) / LineInputs(type) * LineBytes);

    /// <summary>The bytes of a matrix.</summary>
    /// <param name="type">A quantised type.</param>
    /// <param name="shape">Its extents.</param>
    /// <exception cref="ArgumentOutOfRangeException">The type is not quantised.</exception>
    public static long Bytes(WeightType type, TensorShape shape) => Groups(shape.Rows) * GroupBytes(type, shape.Columns);

    /// <summary>The inputs of a line of quants.</summary>
    internal static int LineInputs(WeightType type) => type == WeightType.Int4 ? 2 * QuadInputs : QuadInputs;

    /// <summary>Widens a run of elements of one output; exact.</summary>
    /// <param name="type">A quantised type.</param>
    /// <param name="data">The first byte of the matrix.</param>
    /// <param name="inputs">The inputs of the matrix.</param>
    /// <param name="output">The output.</param>
    /// <param name="start">The first input wanted.</param>
    /// <param name="destination">Receives as many elements as it is long; they lie inside the matrix.</param>
    internal static void Dequantize(WeightType type, void* data, int inputs, int output, int start, Span<float> destination)
    {
        byte* group = (byte*)data + (output / GroupOutputs * GroupBytes(type, inputs));
        int lane = output % GroupOutputs;
        ushort* scales = (ushort*)group + lane;
        byte* quants = group + ScaleBytes(type, inputs) + (lane * QuadInputs);
        if (type == WeightType.Int8)
        {
            for (int i = 0; i < destination.Length; i++)
            {
                int input = start + i;
                int quant = quants[(input / QuadInputs * LineBytes) + (input % QuadInputs)] - Int8Offset;
                destination[i] = quant * Widen(scales[input / Int8Block * GroupOutputs]);
            }
        }
        else
        {
            for (int i = 0; i < destination.Length; i++)
            {
                int input = start + i;
                int pair = quants[(input / (2 * QuadInputs) * LineBytes) + (input % QuadInputs)];
                int quant = ((input & QuadInputs) == 0 ? pair & 15 : pair >> 4) - Int4Offset;
                destination[i] = quant * Widen(scales[input / Int4Block * GroupOutputs]);
            }
        }
    }

    /// <summary>The value of a bfloat16.</summary>
    internal static float Widen(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    private static long WholeLines(long bytes) => (bytes + LineBytes - 1) / LineBytes * LineBytes;
}
