namespace PaliSharp.Imaging.Codecs.WebP;

/// <summary>The inverse transforms of VP8.</summary>
internal static class Vp8Transforms
{
    /// <summary>The inverse Walsh-Hadamard transform: 16 values to the DC coefficients of 16 blocks.</summary>
    public static void InverseHadamard(ReadOnlySpan<short> input, Span<short> blocks)
    {
        Span<int> between = stackalloc int[16];
        for (int i = 0; i < 4; i++)
        {
            int outer = input[i] + input[12 + i];
            int inner = input[4 + i] + input[8 + i];
            int innerDifference = input[4 + i] - input[8 + i];
            int outerDifference = input[i] - input[12 + i];
            between[i] = outer + inner;
            between[4 + i] = outerDifference + innerDifference;
            between[8 + i] = outer - inner;
            between[12 + i] = outerDifference - innerDifference;
        }

        for (int i = 0; i < 4; i++)
        {
            ReadOnlySpan<int> row = between.Slice(i * 4, 4);
            int outer = row[0] + 3 + row[3];
            int inner = row[1] + row[2];
            int innerDifference = row[1] - row[2];
            int outerDifference = row[0] + 3 - row[3];
            Span<short> output = blocks[(i * 64)..];
            output[0] = (short)((outer + inner) >> 3);
            output[16] = (short)((outerDifference + innerDifference) >> 3);
            output[32] = (short)((outer - inner) >> 3);
            output[48] = (short)((outerDifference - innerDifference) >> 3);
        }
    }

    /// <summary>Adds the inverse transform of a block to 4×4 samples.</summary>
    public static void AddInverse(ReadOnlySpan<short> block, Span<byte> samples, int stride)
    {
        Span<int> between = stackalloc int[16];
        for (int i = 0; i < 4; i++)
        {
            int sum = block[i] + block[8 + i];
            int difference = block[i] - block[8 + i];
            int c = Sine(block[4 + i]) - Cosine(block[12 + i]);
            int d = Cosine(block[4 + i]) + Sine(block[12 + i]);
            between[i * 4] = sum + d;
            between[(i * 4) + 1] = difference + c;
            between[(i * 4) + 2] = difference - c;
            between[(i * 4) + 3] = sum - d;
        }

        for (int i = 0; i < 4; i++)
        {
            int dc = between[i] + 4;
            int sum = dc + between[8 + i];
            int difference = dc - between[8 + i];
            int c = Sine(between[4 + i]) - Cosine(between[12 + i]);
            int d = Cosine(between[4 + i]) + Sine(between[12 + i]);
            Span<byte> row = samples.Slice(i * stride, 4);
            row[0] = Clamp(row[0] + ((sum + d) >> 3));
            row[1] = Clamp(row[1] + ((difference + c) >> 3));
            row[2] = Clamp(row[2] + ((difference - c) >> 3));
            row[3] = Clamp(row[3] + ((sum - d) >> 3));
        }
    }

    // √2 · cos(π/8) and √2 · sin(π/8) in 16 bits.
    private static int Cosine(int value) => ((value * 20091) >> 16) + value;

    private static int Sine(int value) => (value * 35468) >> 16;

    private static byte Clamp(int value) => (byte)Math.Clamp(value, 0, 255);
}
