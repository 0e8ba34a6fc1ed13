namespace PaliSharp.Training.Optimisers;

/// <summary>How the learning rate goes on after the warm-up.</summary>
public enum DecayKind
{
    /// <summary>It stays.</summary>
    Constant,

    /// <summary>½(1 + cos πp) over the progress p.</summary>
    Cosine,

    /// <summary>End + (base − end)·(1 − p).</summary>
    Linear,

    /// <summary>End + (base − end)·(1 − p)^power.</summary>
    Polynomial,

    /// <summary>1 ÷ √(1 + (t + shift − warm-up) ÷ time scale): it never ends, so training can always go on.</summary>
    ReciprocalSquareRoot,

    /// <summary>A factor for each of several runs of steps.</summary>
    Stair,
}

/// <summary>The factor of the learning rate at every step, as big_vision computes it (<c>utils.py: create_learning_rate_schedule</c>).</summary>
public sealed record Schedule
{
    /// <summary>What happens after the warm-up.</summary>
    public DecayKind Decay { get; init; } = DecayKind.Cosine;

    /// <summary>The factor everything is multiplied by.</summary>
    public double Base { get; init; } = 1;

    /// <summary>The linear rise from 0 at the beginning.</summary>
    public Duration Warmup { get; init; }

    /// <summary>The linear fall to 0 at the end, on top of the rest.</summary>
    public Duration Cooldown { get; init; }

    /// <summary>Where linear and polynomial decay end.</summary>
    public double End { get; init; }

    /// <summary>The power of polynomial decay.</summary>
    public double Power { get; init; } = 1;

    /// <summary>The time scale of the reciprocal square root.</summary>
    public Duration Timescale { get; init; } = new(10_000, DurationUnit.Steps);

    /// <summary>The shift of the reciprocal square root in steps.</summary>
    public double Shift { get; init; }

    /// <summary>Where the runs of a stair begin, ascending.</summary>
    public IReadOnlyList<long> StairSteps { get; init; } = [];

    /// <summary>The factor of each run of a stair.</summary>
    public IReadOnlyList<double> StairFactors { get; init; } = [];

    /// <summary>Settles the durations.</summary>
    /// <param name="totalSteps">The number of updates of the training, at least 1.</param>
    /// <param name="batchSize">The examples of an update; 0 if no duration needs it.</param>
    /// <param name="examplesPerEpoch">The examples of a pass; 0 if no duration needs it.</param>
    /// <returns>The factor of update 0, 1, 2, ….</returns>
    public Func<long, double> Settle(long totalSteps, long batchSize = 0, long examplesPerEpoch = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(totalSteps, 1);
        long warmup = Warmup.Steps(totalSteps, batchSize, examplesPerEpoch);
        long cooldown = Cooldown.Steps(totalSteps, batchSize, examplesPerEpoch);
        double timescale = Decay == DecayKind.ReciprocalSquareRoot ? Timescale.Steps(totalSteps, batchSize, examplesPerEpoch) : 1;
        return step =>
        {
            double factor = Decayed(step, totalSteps, warmup, timescale);
            if (warmup > 0)
                factor *= Math.Min(1, (double)step / warmup);
            if (cooldown > 0)
                factor *= Math.Clamp((double)(totalSteps - step) / cooldown, 0, 1);
            return factor;
        };
    }

    private double Decayed(long step, long totalSteps, long warmup, double timescale)
    {
        double progress = totalSteps == warmup ? 1 : Math.Clamp((double)(step - warmup) / (totalSteps - warmup), 0, 1);
        switch (Decay)
        {
            case DecayKind.Cosine:
                return Base * 0.5 * (1 + Math.Cos(Math.PI * progress));
            case DecayKind.Linear:
                return End + ((Base - End) * (1 - progress));
            case DecayKind.Polynomial:
                return End + ((Base - End) * Math.Pow(1 - progress, Power));
            case DecayKind.ReciprocalSquareRoot:
                // During the warm-up the root keeps the value it has at its end.
                double time = Math.Max(step, warmup) + Shift - warmup;
                return Base / Math.Sqrt(1 + (time / timescale));
            case DecayKind.Stair:
                int run = StairSteps.Count(start => start < step + 1);
                return Base * (run == 0 ? 1 : StairFactors[run - 1]);
            default:
                return Base;
        }
    }
}
