namespace PaliSharp.Generation;

/// <summary>
/// Finds the value at a rank, or at a cumulated mass, of an unsorted list in three passes over it, without sorting. Histograms over the
/// bits of the values narrow the answer down; time is linear whatever the values are, ties included.
/// </summary>
internal sealed class RadixSelector
{
    private const int Buckets = 1 << 11;

    private static readonly (int Shift, int Mask)[] Digits = [(21, 0x7FF), (10, 0x7FF), (0, 0x3FF)];

    private readonly int[] _counts = new int[Buckets];
    private readonly double[] _masses = new double[Buckets];

    /// <summary>The value at rank <paramref name="rank"/> when sorted from the largest, 1 being the largest itself.</summary>
    /// <param name="values">The values, none of them NaN.</param>
    /// <param name="rank">1 to the number of values.</param>
    public float Largest(ReadOnlySpan<float> values, int rank)
    {
        uint prefix = 0;
        uint known = 0;
        foreach ((int shift, int mask) in Digits)
        {
            _counts.AsSpan().Clear();
            foreach (float value in values)
            {
                uint key = ToKey(value);
                if ((key & known) == prefix)
                    _counts[(key >> shift) & mask]++;
            }

            int bucket = mask;
            while (rank > _counts[bucket])
                rank -= _counts[bucket--];
            prefix |= (uint)bucket << shift;
            known |= (uint)mask << shift;
        }

        return FromKey(prefix);
    }

    /// <summary>
    /// Going from the largest value down, the first value at which the cumulated weight (all equal values at once) reaches
    /// <paramref name="mass"/>; the smallest value of positive weight if it never does.
    /// </summary>
    /// <param name="values">The values, none of them NaN.</param>
    /// <param name="weights">A weight of at least 0 for each, one of them positive.</param>
    /// <param name="mass">The weight to reach.</param>
    /// <returns>The value, and the weight of all larger ones.</returns>
    public (float Value, double Above) LargestReaching(ReadOnlySpan<float> values, ReadOnlySpan<float> weights, double mass)
    {
        uint prefix = 0;
        uint known = 0;
        double above = 0;
        foreach ((int shift, int mask) in Digits)
        {
            _masses.AsSpan().Clear();
            for (int i = 0; i < values.Length; i++)
            {
                uint key = ToKey(values[i]);
                if ((key & known) == prefix)
                    _masses[(key >> shift) & mask] += weights[i];
            }

            int chosen = -1;
            for (int bucket = mask; bucket >= 0; bucket--)
            {
                if (_masses[bucket] == 0)
                    continue;
                if (chosen >= 0)
                    above += _masses[chosen];
                chosen = bucket;
                if (above + _masses[bucket] >= mass)
                    break;
            }

            prefix |= (uint)chosen << shift;
            known |= (uint)mask << shift;
        }

        return (FromKey(prefix), above);
    }

    /// <summary>Unsigned integers in the order of the floats they stand for. Both zeros have one key: they are equal values.</summary>
    private static uint ToKey(float value)
    {
        uint bits = value == 0 ? 0 : BitConverter.SingleToUInt32Bits(value);
        return (bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000;
    }

    private static float FromKey(uint key) =>
        BitConverter.UInt32BitsToSingle((key & 0x8000_0000) != 0 ? key & 0x7FFF_FFFF : ~key);
}
