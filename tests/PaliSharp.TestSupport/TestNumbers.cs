using System.Globalization;

namespace PaliSharp.TestSupport;

/// <summary>Distances between arrays and reproducible contents for them.</summary>
public static class TestNumbers
{
    /// <summary>‖actual − expected‖ ÷ ‖expected‖ in float64; the plain distance where the expected values are all zero.</summary>
    /// <param name="actual">What was computed.</param>
    /// <param name="expected">What should have been, as many.</param>
    /// <returns>At least 0; NaN if a value is.</returns>
    public static double RelativeL2(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        RequireEqualLength(actual.Length, expected.Length);
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.Length; i++)
            Accumulate(actual[i], expected[i], ref difference, ref norm);
        return Ratio(difference, norm);
    }

    /// <inheritdoc cref="RelativeL2(ReadOnlySpan{float}, ReadOnlySpan{float})"/>
    public static double RelativeL2(ReadOnlySpan<float> actual, ReadOnlySpan<double> expected)
    {
        RequireEqualLength(actual.Length, expected.Length);
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.Length; i++)
            Accumulate(actual[i], expected[i], ref difference, ref norm);
        return Ratio(difference, norm);
    }

    /// <summary>The largest |actual − expected|.</summary>
    /// <param name="actual">What was computed.</param>
    /// <param name="expected">What should have been, as many.</param>
    public static double MaxAbs(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        RequireEqualLength(actual.Length, expected.Length);
        double largest = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double difference = Math.Abs((double)actual[i] - expected[i]);
            if (!(difference <= largest)) // also when it is NaN
                largest = difference;
        }

        return largest;
    }

    /// <summary>Fills with normally distributed values that depend on the seed alone.</summary>
    /// <param name="destination">The values.</param>
    /// <param name="seed">Any number.</param>
    /// <param name="deviation">The standard deviation.</param>
    /// <param name="mean">The mean.</param>
    public static void FillNormal(Span<float> destination, int seed, float deviation = 1, float mean = 0)
    {
        ulong state = (ulong)seed ^ 0x9E3779B97F4A7C15;
        for (int i = 0; i < destination.Length; i++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1 - NextUniform(ref state)));
            destination[i] = (float)(mean + (deviation * radius * Math.Cos(2 * Math.PI * NextUniform(ref state))));
        }
    }

    /// <summary>New normally distributed values that depend on the seed alone.</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">Any number.</param>
    /// <param name="deviation">The standard deviation.</param>
    /// <param name="mean">The mean.</param>
    public static float[] Normal(int count, int seed, float deviation = 1, float mean = 0)
    {
        var values = new float[count];
        FillNormal(values, seed, deviation, mean);
        return values;
    }

    // SplitMix64: the sequence is the same on every platform and runtime, which System.Random does not promise.
    private static double NextUniform(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        ulong z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        z ^= z >> 31;
        return (z >> 11) * (1.0 / (1ul << 53));
    }

    private static void Accumulate(float actual, double expected, ref double difference, ref double norm)
    {
        if (actual == expected) // equal infinities differ by nothing
        {
            norm += double.IsFinite(expected) ? expected * expected : 0;
            return;
        }

        difference += (actual - expected) * (actual - expected);
        norm += expected * expected;
    }

    private static double Ratio(double difference, double norm) => norm == 0 ? Math.Sqrt(difference) : Math.Sqrt(difference / norm);

    private static void RequireEqualLength(int actual, int expected)
    {
        if (actual != expected)
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"{actual} values cannot be compared with {expected}."));
    }
}
