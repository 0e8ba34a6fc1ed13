namespace PaliSharp.Imaging.Codecs.Jpeg;

/// <summary>
/// The inverse DCT to 4×4, 2×2 or one sample: a picture scaled down by decoding only what it needs, with the arithmetic of libjpeg's reduced
/// transforms. Columns first, then rows; coefficients that have no influence are left out.
/// </summary>
internal static class JpegReducedDct
{
    private const int ConstantBits = 13;
    private const int PassBits = 2;

    /// <summary>Dequantises and transforms a block.</summary>
    /// <param name="coefficients">64 coefficients in natural order.</param>
    /// <param name="quantizer">64 factors in natural order.</param>
    /// <param name="output">Receives the samples.</param>
    /// <param name="stride">The distance between two rows of the output.</param>
    /// <param name="side">4, 2 or 1.</param>
    public static void Transform(ReadOnlySpan<short> coefficients, ReadOnlySpan<ushort> quantizer, Span<byte> output, int stride, int side)
    {
        Span<int> block = stackalloc int[64];
        for (int i = 0; i < block.Length; i++)
            block[i] = (short)(coefficients[i] * quantizer[i]);
        switch (side)
        {
            case 1:
                output[0] = Sample((block[0] + 4) >> 3);
                break;
            case 2:
                ToTwo(block, output, stride);
                break;
            default:
                ToFour(block, output, stride);
                break;
        }
    }

    private static byte Sample(int value) => (byte)Math.Clamp(value + 128, 0, 255);

    private static int Descale(int value, int shift) => (value + (1 << (shift - 1))) >> shift;

    private static void ToFour(ReadOnlySpan<int> block, Span<byte> output, int stride)
    {
        Span<int> between = stackalloc int[32];
        for (int x = 0; x < 8; x++)
        {
            // The rows do not use the middle column.
            if (x == 4)
                continue;
            (int even0, int even1, int odd0, int odd1) = Four(block[x], block[8 + x], block[16 + x], block[24 + x], block[40 + x], block[48 + x], block[56 + x]);
            const int Shift = ConstantBits - PassBits + 1;
            between[x] = Descale(even0 + odd1, Shift);
            between[24 + x] = Descale(even0 - odd1, Shift);
            between[8 + x] = Descale(even1 + odd0, Shift);
            between[16 + x] = Descale(even1 - odd0, Shift);
        }

        for (int y = 0; y < 4; y++)
        {
            ReadOnlySpan<int> row = between.Slice(8 * y, 8);
            (int even0, int even1, int odd0, int odd1) = Four(row[0], row[1], row[2], row[3], row[5], row[6], row[7]);
            const int Shift = ConstantBits + PassBits + 3 + 1;
            Span<byte> target = output.Slice(y * stride, 4);
            target[0] = Sample(Descale(even0 + odd1, Shift));
            target[3] = Sample(Descale(even0 - odd1, Shift));
            target[1] = Sample(Descale(even1 + odd0, Shift));
            target[2] = Sample(Descale(even1 - odd0, Shift));
        }
    }

    private static (int Even0, int Even1, int Odd0, int Odd1) Four(int c0, int c1, int c2, int c3, int c5, int c6, int c7)
    {
        int middle = c0 << (ConstantBits + 1);
        int side = (c2 * 15137) - (c6 * 6270);
        int odd0 = (c7 * -1730) + (c5 * 11893) - (c3 * 17799) + (c1 * 8697);
        int odd1 = (c7 * -4176) - (c5 * 4926) + (c3 * 7373) + (c1 * 20995);
        return (middle + side, middle - side, odd0, odd1);
    }

    private static void ToTwo(ReadOnlySpan<int> block, Span<byte> output, int stride)
    {
        Span<int> between = stackalloc int[16];
        for (int x = 0; x < 8; x++)
        {
            // The rows use the first column and the odd ones.
            if (x is 2 or 4 or 6)
                continue;
            const int Shift = ConstantBits - PassBits + 2;
            int middle = block[x] << (ConstantBits + 2);
            int side = Two(block[8 + x], block[24 + x], block[40 + x], block[56 + x]);
            between[x] = Descale(middle + side, Shift);
            between[8 + x] = Descale(middle - side, Shift);
        }

        for (int y = 0; y < 2; y++)
        {
            ReadOnlySpan<int> row = between.Slice(8 * y, 8);
            const int Shift = ConstantBits + PassBits + 3 + 2;
            int middle = row[0] << (ConstantBits + 2);
            int side = Two(row[1], row[3], row[5], row[7]);
            output[y * stride] = Sample(Descale(middle + side, Shift));
            output[(y * stride) + 1] = Sample(Descale(middle - side, Shift));
        }
    }

    private static int Two(int c1, int c3, int c5, int c7) => (c1 * 29692) - (c3 * 10426) + (c5 * 6967) - (c7 * 5906);
}
