namespace PaliSharp.Imaging.Codecs.Jpeg;

/// <summary>
/// Estimates low coefficients that a progressive file never sent from the DC values of the 5×5 blocks around, as libjpeg-turbo does
/// since version 2.1. Without any AC coefficient the DC value itself is smoothed too.
/// </summary>
internal sealed class JpegBlockSmoother
{
    private const int Size = 5;

    // For each of the first ten coefficients in zigzag order, 25 weights (128 or 256 to one). First set: no AC coefficient is known.
    private static readonly int[][] WeightsWithoutAc =
    [
        [-2, -6, -8, -6, -2, -6, 6, 42, 6, -6, -8, 42, 152, 42, -8, -6, 6, 42, 6, -6, -2, -6, -8, -6, -2],
        [-1, -1, 0, 1, 1, -3, 13, 0, -13, 3, -3, 38, 0, -38, 3, -3, 13, 0, -13, 3, -1, -1, 0, 1, 1],
        [-1, -3, -3, -3, -1, -1, 13, 38, 13, -1, 0, 0, 0, 0, 0, 1, -13, -38, -13, 1, 1, 3, 3, 3, 1],
        [0, 0, 1, 0, 0, 0, 2, 7, 2, 0, 0, -5, -14, -5, 0, 0, 2, 7, 2, 0, 0, 0, 1, 0, 0],
        [-1, 0, 0, 0, 1, 0, 9, 0, -9, 0, 0, 0, 0, 0, 0, 0, -9, 0, 9, 0, 1, 0, 0, 0, -1],
        [0, 0, 0, 0, 0, 0, 2, -5, 2, 0, 1, 7, -14, 7, 1, 0, 2, -5, 2, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 1, 0, -1, 0, 0, 2, 0, -2, 0, 0, 1, 0, -1, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 1, -3, 1, 0, 0, 0, 0, 0, 0, 0, -1, 3, -1, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 1, 0, -1, 0, 0, -3, 0, 3, 0, 0, 1, 0, -1, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, -1, -2, -1, 0, 0, 0, 0, 0, 0],
    ];

    // Second set: some AC coefficients are known; only the first five are estimated.
    private static readonly int[][] WeightsWithAc =
    [
        [],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -7, 50, 0, -50, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, -7, 0, 0, 0, 0, 50, 0, 0, 0, 0, 0, 0, 0, 0, 0, -50, 0, 0, 0, 0, 7, 0, 0],
        [0, 0, -1, 0, 0, 0, 0, 13, 0, 0, 0, 0, -24, 0, 0, 0, 0, 13, 0, 0, 0, 0, -1, 0, 0],
        [0, -1, 0, 1, 0, -1, 10, 0, -10, 1, 0, 0, 0, 0, 0, 1, -10, 0, 10, -1, 0, 1, 0, -1, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, 13, -24, 13, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ];

    private readonly JpegComponent _component;
    private readonly int _mcuRows;
    private readonly bool _withoutAc;

    private JpegBlockSmoother(JpegComponent component, int mcuRows)
    {
        _component = component;
        _mcuRows = mcuRows;
        _withoutAc = component.MissingBits.AsSpan(1, 9).IndexOfAnyExcept(-1) < 0;
    }

    /// <summary>A smoother for each component, or null where smoothing does not apply.</summary>
    public static JpegBlockSmoother[]? Create(JpegFrame frame)
    {
        if (!frame.Progressive)
            return null;
        bool useful = false;
        foreach (JpegComponent component in frame.Components)
        {
            // Everything that is divided by must not be zero, and something must be known of every component.
            for (int i = 0; i < 10; i++)
            {
                if (component.Quantizer![JpegZigzag.Natural[i]] == 0)
                    return null;
            }

            if (component.MissingBits[0] < 0)
                return null;
            useful |= component.MissingBits.AsSpan(1, 9).IndexOfAnyExcept(0) >= 0;
        }

        return useful ? Array.ConvertAll(frame.Components, component => new JpegBlockSmoother(component, frame.McuRows)) : null;
    }

    /// <summary>Copies a block with estimates for what is missing.</summary>
    public void Smooth(int x, int y, Span<short> block)
    {
        int width = _component.PaddedWidthInBlocks;
        ReadOnlySpan<short> coefficients = _component.Coefficients;
        coefficients.Slice(((y * width) + x) * 64, 64).CopyTo(block);

        // Rows of the last MCU row end with the picture; above, the padding below counts as blocks. That is how the reference does it.
        int mcuRow = y / _component.V;
        int lastRow = mcuRow == _mcuRows - 1 ? _component.HeightInBlocks - 1 : (_mcuRows * _component.V) - 1;
        Span<int> dc = stackalloc int[Size * Size];
        for (int row = 0; row < Size; row++)
        {
            int from = Math.Clamp(y + row - 2, 0, lastRow) * width;
            for (int column = 0; column < Size; column++)
                dc[(row * Size) + column] = coefficients[(from + Math.Clamp(x + column - 2, 0, _component.WidthInBlocks - 1)) * 64];
        }

        int[][] weights = _withoutAc ? WeightsWithoutAc : WeightsWithAc;
        ushort[] quantizer = _component.Quantizer!;
        for (int i = 1; i < weights.Length; i++)
        {
            int missing = _component.MissingBits[i];
            int position = JpegZigzag.Natural[i];
            if (missing == 0 || block[position] != 0)
                continue;
            int estimate = Estimate(dc, weights[i], quantizer[0], quantizer[position]);
            if (missing > 0)
            {
                int limit = (1 << missing) - 1;
                estimate = Math.Clamp(estimate, -limit, limit);
            }

            block[position] = (short)estimate;
        }

        if (_withoutAc)
            block[0] = (short)Estimate(dc, weights[0], quantizer[0], quantizer[0]);
    }

    private static int Estimate(ReadOnlySpan<int> dc, ReadOnlySpan<int> weights, int dcQuantizer, int quantizer)
    {
        long sum = 0;
        for (int i = 0; i < weights.Length; i++)
            sum += (long)dc[i] * weights[i];
        sum *= dcQuantizer;
        long half = (long)quantizer << 7;
        long whole = (long)quantizer << 8;
        return (int)(sum >= 0 ? (half + sum) / whole : -((half - sum) / whole));
    }
}
