namespace PaliSharp.Imaging.Codecs.Jpeg.Encoding;

/// <summary>The accurate integer forward transform (Loeffler, Ligtenberg and Moschytz), with libjpeg's precision, so that files are equal to its.</summary>
internal static class JpegForwardDct
{
    private const int ConstantBits = 13;
    private const int PassBits = 2;

    // Constants of the flow graph times 2^13.
    private const int F0298 = 2446;
    private const int F0390 = 3196;
    private const int F0541 = 4433;
    private const int F0765 = 6270;
    private const int F0899 = 7373;
    private const int F1175 = 9633;
    private const int F1501 = 12299;
    private const int F1847 = 15137;
    private const int F1961 = 16069;
    private const int F2053 = 16819;
    private const int F2562 = 20995;
    private const int F3072 = 25172;

    /// <summary>Transforms a block in place.</summary>
    /// <param name="block">64 samples from −128 to 127; becomes coefficients times 8.</param>
    public static void Transform(Span<int> block)
    {
        for (int row = 0; row < 64; row += 8)
            Pass(block.Slice(row, 8), 1, sumShift: -PassBits, productShift: ConstantBits - PassBits);
        for (int column = 0; column < 8; column++)
            Pass(block[column..], 8, sumShift: PassBits, productShift: ConstantBits + PassBits);
    }

    private static void Pass(Span<int> d, int step, int sumShift, int productShift)
    {
        int sum07 = d[0] + d[7 * step];
        int dif07 = d[0] - d[7 * step];
        int sum16 = d[step] + d[6 * step];
        int dif16 = d[step] - d[6 * step];
        int sum25 = d[2 * step] + d[5 * step];
        int dif25 = d[2 * step] - d[5 * step];
        int sum34 = d[3 * step] + d[4 * step];
        int dif34 = d[3 * step] - d[4 * step];

        int outer = sum07 + sum34;
        int outerDif = sum07 - sum34;
        int inner = sum16 + sum25;
        int innerDif = sum16 - sum25;
        d[0] = Scale(outer + inner, sumShift);
        d[4 * step] = Scale(outer - inner, sumShift);
        int even = (innerDif + outerDif) * F0541;
        d[2 * step] = Scale(even + (outerDif * F0765), productShift);
        d[6 * step] = Scale(even - (innerDif * F1847), productShift);

        int z1 = (dif34 + dif07) * -F0899;
        int z2 = (dif25 + dif16) * -F2562;
        int z3 = dif34 + dif16;
        int z4 = dif25 + dif07;
        int z5 = (z3 + z4) * F1175;
        z3 = (z3 * -F1961) + z5;
        z4 = (z4 * -F0390) + z5;
        d[7 * step] = Scale((dif34 * F0298) + z1 + z3, productShift);
        d[5 * step] = Scale((dif25 * F2053) + z2 + z4, productShift);
        d[3 * step] = Scale((dif16 * F3072) + z2 + z3, productShift);
        d[step] = Scale((dif07 * F1501) + z1 + z4, productShift);
    }

    private static int Scale(int value, int shift) => shift < 0 ? value << -shift : (value + (1 << (shift - 1))) >> shift;
}
