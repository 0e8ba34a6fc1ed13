namespace PaliSharp.Evaluation;

/// <summary>Random numbers that are the same on every machine and version: SplitMix64.</summary>
/// <param name="seed">The same seed gives the same numbers.</param>
internal sealed class SceneRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>A generator for one of many scenes.</summary>
    public static SceneRandom For(ulong seed, int index) => new(new SceneRandom(seed ^ ((ulong)(index + 1) * 0xD1342543DE82EF95)).Next());

    /// <summary>A number from 0 to below a limit.</summary>
    public int Below(int limit) => (int)(Next() % (ulong)limit);

    /// <summary>A number from 0 to below 1.</summary>
    public double Share() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A number between two.</summary>
    public double Between(double least, double most) => least + (Share() * (most - least));

    /// <summary>One of some things.</summary>
    public T Pick<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    /// <summary>The place of one of some weights, as likely as it is large.</summary>
    public int Weighted(ReadOnlySpan<double> weights)
    {
        double total = 0;
        foreach (double weight in weights)
            total += weight;
        double at = Share() * total;
        for (int i = 0; i < weights.Length; i++)
        {
            at -= weights[i];
            if (at < 0)
                return i;
        }

        return weights.Length - 1;
    }

    /// <summary>A number of the normal distribution with mean 0 and deviation 1.</summary>
    public double Normal() => Math.Sqrt(-2 * Math.Log(1 - Share())) * Math.Cos(2 * Math.PI * Share());

    private ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        ulong z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
