using PaliSharp.Tensors.Cpu;
using PaliSharp.Training.Distributed;

namespace PaliSharp.Training.Running;

/// <summary>What a training needs beside its recipe and data.</summary>
public sealed record TrainerOptions
{
    /// <summary>Where states, logs and the finished model go; created if missing.</summary>
    public required string Folder { get; init; }

    /// <summary>Whether to go on from the newest state of the folder, if there is one.</summary>
    public bool Resume { get; init; } = true;

    /// <summary>Threads and instructions.</summary>
    public CpuOptions? Cpu { get; init; }

    /// <summary>Told after every update.</summary>
    public IProgress<TrainingReport>? Progress { get; init; }

    /// <summary>Measures the model from time to time, beside the loss on the evaluation data; null for nothing more.</summary>
    public ITrainingEvaluation? Evaluation { get; init; }

    /// <summary>
    /// The processes that train together; null for this one alone. Each takes the recipe's batch from its part of the data, so that n processes
    /// make the updates of one process with n times the batch. They must see the same folder and data.
    /// </summary>
    public ICollective? Collective { get; init; }
}

/// <summary>Told after an update.</summary>
/// <param name="Step">What is known after it.</param>
/// <param name="TotalSteps">The updates of the whole training.</param>
/// <param name="Remaining">The time that is left, at the rate so far.</param>
/// <param name="Metrics">The result of an evaluation, if there was one after this update.</param>
public sealed record TrainingReport(TrainingStep Step, long TotalSteps, TimeSpan Remaining, IReadOnlyDictionary<string, double>? Metrics);

/// <summary>Measures a model during training.</summary>
public interface ITrainingEvaluation
{
    /// <summary>Measures the model as it is now.</summary>
    /// <param name="model">The model; its parameters must not be changed.</param>
    /// <param name="step">The updates made.</param>
    /// <returns>Named numbers for the log.</returns>
    IReadOnlyDictionary<string, double> Evaluate(TrainableModel model, long step);
}

/// <summary>What a training would need, measured on its first batch.</summary>
/// <param name="Steps">The updates.</param>
/// <param name="TrainedParameters">The elements that are trained.</param>
/// <param name="FrozenBytes">The memory of frozen weights, most of it mapped from files.</param>
/// <param name="ParameterBytes">The memory of values and gradients.</param>
/// <param name="OptimiserBytes">The memory of what the optimiser remembers.</param>
/// <param name="ActivationBytes">The memory of activations.</param>
/// <param name="SecondsPerStep">The time of an update.</param>
public sealed record TrainingEstimate(
    long Steps, long TrainedParameters, long FrozenBytes, long ParameterBytes, long OptimiserBytes, long ActivationBytes, double SecondsPerStep)
{
    /// <summary>The time of the whole training.</summary>
    public TimeSpan Total => TimeSpan.FromSeconds(Math.Min(SecondsPerStep * Steps, TimeSpan.MaxValue.TotalSeconds / 2));
}

/// <summary>The loss or the gradients of a batch are no numbers: training has stopped before the parameters were touched.</summary>
public sealed class TrainingDivergedException(string message)
    : RecipeException(message);
