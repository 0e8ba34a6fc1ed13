using System.Runtime.CompilerServices;

namespace PaliSharp.Tensors.Quantization;

/// <summary>
/// How one row (the inputs of one output) of a quantised matrix lies in memory:
/// <c>[scales, last block first][quants, first element first]</c>, each part filled up to a multiple of <see cref="Alignment"/> bytes.
/// </summary>
/// <remarks>
/// <para>Why so:</para>
/// <list type="bullet">
/// <item>A row is one run of bytes and rows follow one another, so that a decoding kernel reads a single stream for each row it works on,
/// scales included, and a row of the embedding table is one read.</item>
/// <item>The scales stand in FRONT of the quants in reverse order. The scale of block b is then at <c>quants − 2·(b + 1)</c> whatever the length
/// of the row, and a kernel needs one pointer for a row, as it does for the dense types.</item>
/// <item>A scale is a bfloat16, which widens by a shift. Its eight bits cost no exactness: quants are chosen for the rounded scale. And
/// quant times scale has at most 8 + 8 significant bits, so the dequantised value is EXACT in float32; whoever widens, in whatever order, gets
/// the same weight.</item>
/// <item>Int8: blocks of 64, 8.25 bits a weight. Larger blocks save 1.5 % of the traffic at most, smaller ones gain little in exactness:
/// the largest of 64 normal values is 2.5 deviations, of 32 it is 2.2.</item>
/// <item>Int4: blocks of 32, 4.5 bits a weight. Element 2j is the lower half of byte j, stored plus 8; element 2j + 1 the upper half: a vector of
/// bytes gives a vector of even and one of odd elements whatever the vector's length, as pairs of bfloat16 do.</item>
/// <item>Blocks are no shorter than two of the longest vectors (32 elements), so that a step of a kernel has one scale.</item>
/// <item>The last block of a row may be short: nothing is padded but the two parts, so 160 inputs take 176 bytes.</item>
/// </list>
/// </remarks>
public static unsafe class QuantizedRow
{
    /// <summary>The elements that share a scale in <see cref="WeightType.Int8"/>.</summary>
    public const int Int8Block = 1 << Int8BlockShift;

    /// <summary>The elements that share a scale in <see cref="WeightType.Int4"/>.</summary>
    public const int Int4Block = 1 << Int4BlockShift;

    /// <summary>Both parts of a row are multiples of this many bytes, so that loads of 16 bytes do not straddle cache lines.</summary>
    public const int Alignment = 16;

    /// <summary>What is added to a 4-bit quant to make it unsigned.</summary>
    public const int Int4Offset = 8;

    internal const int Int8BlockShift = 6;
    internal const int Int4BlockShift = 5;

    /// <summary>Whether a storage type is one of those described here.</summary>
    /// <param name="type">The storage type.</param>
    public static bool IsQuantized(WeightType type) => type is WeightType.Int8 or WeightType.Int4;

    /// <summary>The elements that share a scale.</summary>
    /// <param name="type">A quantised type.</param>
    /// <exception cref="ArgumentOutOfRangeException">The type is not quantised.</exception>
    public static int Block(WeightType type) => type switch
    {
        WeightType.Int8 => Int8Block,
        WeightType.Int4 => Int4Block,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "This storage type has no blocks."),
    };

    /// <summary>The bytes of the scales in front of the quants of a row.</summary>
    /// <param name="type">A quantised type.</param>
    /// <param name="inputs">The elements of the row, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The type is not quantised.</exception>
    public static long HeadBytes(WeightType type, long inputs)
    {
        int block = Block(type);
        return Align((inputs + block - 1) / block * sizeof(ushort));
    }

    /// <summary>The bytes of a row, and the distance of two rows.</summary>
    /// <param name="type">A quantised type.</param>
    /// <param name="inputs">The elements of the row, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The type is not quantised.</exception>
    public static long Bytes(WeightType type, long inputs) =>
        HeadBytes(type, inputs) + Align(type == WeightType.Int4 ? (inputs + 1) / 2 : inputs);

    /// <summary>Widens a run of elements of a row; exact.</summary>
    /// <param name="type">A quantised type.</param>
    /// <param name="row">The first byte of the row.</param>
    /// <param name="inputs">The elements of the row.</param>
    /// <param name="start">The first element wanted.</param>
    /// <param name="destination">Receives as many elements as it is long; they lie inside the row.</param>
    internal static void Dequantize(WeightType type, byte* row, int inputs, int start, Span<float> destination)
    {
        byte* quants = row + HeadBytes(type, inputs);
        if (type == WeightType.Int8)
        {
            for (int i = 0; i < destination.Length; i++)
                destination[i] = Int8At(quants, start + i);
        }
        else
        {
            for (int i = 0; i < destination.Length; i++)
                destination[i] = Int4At(quants, start + i);
        }
    }

    /// <summary>The scale of a block of a row.</summary>
    /// <param name="quants">The first byte of the row's quants.</param>
    /// <param name="block">The number of the block.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float Scale(void* quants, nint block) => BitConverter.UInt32BitsToSingle((uint)((ushort*)quants)[-1 - block] << 16);

    /// <summary>One element of an 8-bit row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float Int8At(void* quants, nint index) => ((sbyte*)quants)[index] * Scale(quants, index >> Int8BlockShift);

    /// <summary>One element of a 4-bit row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float Int4At(void* quants, nint index)
    {
        int pair = ((byte*)quants)[index >> 1];
        int quant = ((index & 1) == 0 ? pair & 15 : pair >> 4) - Int4Offset;
        return quant * Scale(quants, index >> Int4BlockShift);
    }

    private static long Align(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;
}
