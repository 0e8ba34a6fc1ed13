using System.Diagnostics;

namespace PaliSharp.Bench;

/// <summary>
/// A rate measured in turns with the limit it is compared with. The limits of a shared machine move by the second, so each measurement
/// stands between two of the limit, and the ratio that counts is the median of the single ratios.
/// </summary>
internal sealed class PairedSamples
{
    /// <summary>The rate.</summary>
    public Samples Rate { get; } = new();

    /// <summary>The limit.</summary>
    public Samples Limit { get; } = new();

    /// <summary>The rate by the mean of the limits before and after it.</summary>
    public Samples Ratio { get; } = new();

    /// <summary>Measures.</summary>
    /// <param name="repeats">How often.</param>
    /// <param name="work">What one call of <paramref name="action"/> does, in operations or bytes.</param>
    /// <param name="limit">Measures the limit in the same unit a second, in some milliseconds.</param>
    /// <param name="action">The work, told its number; it should take about as long as measuring the limit.</param>
    public static PairedSamples Measure(int repeats, double work, Func<double> limit, Action<int> action)
    {
        var samples = new PairedSamples();
        action(0);
        double before = limit();
        for (int i = 0; i < repeats; i++)
        {
            long start = Stopwatch.GetTimestamp();
            action(i);
            double rate = work / Stopwatch.GetElapsedTime(start).TotalSeconds;
            double after = limit();
            samples.Rate.Add(rate);
            samples.Limit.Add(after);
            samples.Ratio.Add(rate / ((before + after) / 2));
            before = after;
        }

        return samples;
    }
}
