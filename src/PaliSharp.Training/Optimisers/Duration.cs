namespace PaliSharp.Training.Optimisers;

/// <summary>The unit of a <see cref="Duration"/>.</summary>
public enum DurationUnit
{
    /// <summary>Updates of the parameters.</summary>
    Steps,

    /// <summary>Examples seen.</summary>
    Examples,

    /// <summary>Passes over the data.</summary>
    Epochs,

    /// <summary>A part of the whole training, 0 to 1.</summary>
    Fraction,
}

/// <summary>A length of time in training.</summary>
/// <param name="Value">How much, at least 0.</param>
/// <param name="Unit">Of what.</param>
public readonly record struct Duration(double Value, DurationUnit Unit)
{
    /// <summary>The number of updates: rounded, halves to even, and at least 1 unless the value is 0.</summary>
    /// <param name="totalSteps">The length of the whole training; needed for fractions.</param>
    /// <param name="batchSize">The examples of an update; needed for examples and epochs.</param>
    /// <param name="examplesPerEpoch">The examples of a pass; needed for epochs.</param>
    /// <exception cref="ArgumentException">What the unit needs is not known (0).</exception>
    public long Steps(long totalSteps, long batchSize, long examplesPerEpoch)
    {
        if (Value == 0)
            return 0;
        double steps = Unit switch
        {
            DurationUnit.Steps => Value,
            DurationUnit.Examples => Value / Known(batchSize, "size of a batch"),
            DurationUnit.Epochs => Value * Known(examplesPerEpoch, "number of examples") / Known(batchSize, "size of a batch"),
            _ => Value * Known(totalSteps, "number of steps"),
        };
        return Math.Max(1, (long)Math.Round(steps, MidpointRounding.ToEven));
    }

    private double Known(long value, string what) => value > 0
        ? value
        : throw new ArgumentException($"A duration of {Value} {Unit} needs the {what}, which is not known. Give it in steps.");
}
