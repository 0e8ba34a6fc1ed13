namespace PaliSharp.Imaging;

/// <summary>
/// How 8-bit levels become the model's values, for each channel: (level · <see cref="Factor"/> − mean) / std. The product is taken in double
/// and rounded to single precision, the rest is single precision, as the reference processor does.
/// </summary>
public sealed class PixelScaling
{
    private const int Channels = 3;
    private const int Levels = 256;
    private readonly float[] _values = new float[Channels * Levels];

    /// <summary>Prepares the values of all levels.</summary>
    /// <param name="factor">What levels are multiplied with.</param>
    /// <param name="mean">Subtracted, for red, green and blue.</param>
    /// <param name="std">The divisor, for red, green and blue.</param>
    /// <exception cref="ArgumentException">There are not three means and three divisors.</exception>
    public PixelScaling(double factor, IReadOnlyList<float> mean, IReadOnlyList<float> std)
    {
        ArgumentNullException.ThrowIfNull(mean);
        ArgumentNullException.ThrowIfNull(std);
        if (mean.Count != Channels || std.Count != Channels)
            throw new ArgumentException($"Three means and three divisors are needed, not {mean.Count} and {std.Count}.", nameof(mean));
        Factor = factor;
        for (int channel = 0; channel < Channels; channel++)
        {
            for (int level = 0; level < Levels; level++)
                _values[(channel * Levels) + level] = ((float)(level * factor) - mean[channel]) / std[channel];
        }
    }

    /// <summary>SigLIP's: 1/255, means and divisors 0.5, so values from −1 to 1.</summary>
    public static PixelScaling SigLip { get; } = new(1.0 / 255, [0.5f, 0.5f, 0.5f], [0.5f, 0.5f, 0.5f]);

    /// <summary>What levels are multiplied with.</summary>
    public double Factor { get; }

    /// <summary>The values of levels 0 to 255 of one channel.</summary>
    /// <param name="channel">0 red, 1 green, 2 blue.</param>
    public ReadOnlySpan<float> LevelValues(int channel) => _values.AsSpan(channel * Levels, Levels);
}
