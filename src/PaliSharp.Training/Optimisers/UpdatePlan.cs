using System.Text.RegularExpressions;
using PaliSharp.Training.Autodiff;

namespace PaliSharp.Training.Optimisers;

/// <summary>What weight decay is multiplied by.</summary>
public enum WeightDecayKind
{
    /// <summary>The schedule alone: big_vision, where a decay is written as about a tenth of the learning rate.</summary>
    Scheduled,

    /// <summary>The learning rate at the step: AdamW.</summary>
    WithRate,
}

/// <summary>Parameters that are updated in their own way.</summary>
public sealed record ParameterGroup
{
    /// <summary>A regular expression found in the parameter's name; the first group that matches counts.</summary>
    public required string Pattern { get; init; }

    /// <summary>The factor of the learning rate.</summary>
    public double LearningRateFactor { get; init; } = 1;

    /// <summary>The factor of the weight decay; null for the plan's default.</summary>
    public double? WeightDecayFactor { get; init; }

    /// <summary>A schedule of their own, such as a slow warm-up of the vision tower; null for the plan's.</summary>
    public Schedule? Schedule { get; init; }
}

/// <summary>How far each parameter goes at each step: learning rate, schedule, weight decay, groups.</summary>
public sealed class UpdatePlan
{
    private readonly Entry[] _entries;
    private readonly double _learningRate;
    private readonly double _weightDecay;
    private readonly WeightDecayKind _kind;

    /// <summary>Settles a plan.</summary>
    /// <param name="parameters">What is trained.</param>
    /// <param name="learningRate">The largest learning rate.</param>
    /// <param name="weightDecay">The weight decay.</param>
    /// <param name="kind">What it is multiplied by.</param>
    /// <param name="decays">Which parameters decay, by name.</param>
    /// <param name="schedule">The schedule of parameters that have none of their own.</param>
    /// <param name="groups">Groups of parameters.</param>
    /// <param name="totalSteps">The number of updates of the training.</param>
    /// <param name="batchSize">The examples of an update; 0 if no duration needs it.</param>
    /// <param name="examplesPerEpoch">The examples of a pass; 0 if no duration needs it.</param>
    public UpdatePlan(
        ParameterSet parameters,
        double learningRate,
        double weightDecay,
        WeightDecayKind kind,
        Func<string, bool> decays,
        Schedule schedule,
        IReadOnlyList<ParameterGroup> groups,
        long totalSteps,
        long batchSize = 0,
        long examplesPerEpoch = 0)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(decays);
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(groups);
        _learningRate = learningRate;
        _weightDecay = weightDecay;
        _kind = kind;
        Main = schedule.Settle(totalSteps, batchSize, examplesPerEpoch);
        (Regex Pattern, ParameterGroup Group, Func<long, double> Schedule)[] settled = [.. groups.Select(group => (
            new Regex(group.Pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant),
            group,
            group.Schedule?.Settle(totalSteps, batchSize, examplesPerEpoch) ?? Main))];
        _entries = [.. parameters.Select(parameter =>
        {
            foreach ((Regex pattern, ParameterGroup group, Func<long, double> own) in settled)
            {
                if (pattern.IsMatch(parameter.Name))
                    return new Entry(own, group.LearningRateFactor, group.WeightDecayFactor ?? (decays(parameter.Name) ? 1 : 0));
            }

            return new Entry(Main, 1, decays(parameter.Name) ? 1 : 0);
        })];
    }

    /// <summary>The schedule's factor at each step, for parameters without one of their own.</summary>
    public Func<long, double> Main { get; }

    /// <summary>The matrices of image encoder and projector: what big_vision names "kernel", the only weights it decays.</summary>
    /// <param name="name">A canonical name.</param>
    public static bool IsKernel(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return (name.StartsWith("vision_tower.", StringComparison.Ordinal) || name.StartsWith("multi_modal_projector.", StringComparison.Ordinal))
            && name.EndsWith(".weight", StringComparison.Ordinal)
            && !name.Contains("norm", StringComparison.Ordinal)
            && !name.EndsWith("position_embedding.weight", StringComparison.Ordinal);
    }

    /// <summary>The learning rate of parameters without a group at a step.</summary>
    /// <param name="step">The updates made before.</param>
    public double LearningRate(long step) => _learningRate * Main(step);

    /// <summary>How far each parameter goes at a step.</summary>
    /// <param name="step">The updates made before.</param>
    /// <returns>The rate of a parameter by its index.</returns>
    public Func<int, StepRate> At(long step) => index =>
    {
        Entry entry = _entries[index];
        double factor = entry.Schedule(step);
        double rate = factor * _learningRate * entry.RateFactor;
        double decay = _weightDecay * entry.DecayFactor * (_kind == WeightDecayKind.WithRate ? rate : factor);
        return new StepRate(rate, decay);
    };

    private sealed record Entry(Func<long, double> Schedule, double RateFactor, double DecayFactor);
}
