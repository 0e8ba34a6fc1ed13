namespace PaliSharp.TestSupport;

/// <summary>How activations are rounded to bytes before they meet a quantised weight, one number after the other.</summary>
public static class ActivationRounding
{
    /// <summary>The inputs that share a scale.</summary>
    public const int Block = 128;

    /// <summary>Rounds a row: the largest value of a block (or sum of two neighbours) becomes 127.</summary>
    /// <param name="row">The activations.</param>
    /// <param name="pairs">True for 8-bit weights: sums of neighbours count.</param>
    /// <param name="quants">Receives as many integers.</param>
    /// <param name="scales">Receives the scale of each block.</param>
    public static void Round(ReadOnlySpan<float> row, bool pairs, Span<int> quants, Span<float> scales)
    {
        for (int first = 0; first < row.Length; first += Block)
        {
            ReadOnlySpan<float> run = row.Slice(first, Math.Min(Block, row.Length - first));
            float reach = 0;
            for (int i = 0; i < run.Length; i++)
                reach = MathF.Max(MathF.Max(reach, MathF.Abs(run[i])), pairs && (i ^ 1) < run.Length ? MathF.Abs(run[i] + run[i ^ 1]) : 0);
            bool isZero = reach < 1e-30f;
            scales[first / Block] = !float.IsFinite(reach) ? float.NaN : isZero ? 0 : reach / 127;
            for (int i = 0; i < run.Length; i++)
                quants[first + i] = isZero || !float.IsFinite(reach) ? 0 : (int)MathF.Round(run[i] * (127 / reach));
        }
    }
}
