using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Checkpoints;

/// <summary>The seam of adapters; the loader follows.</summary>
public sealed class LoraAdapter
{
    /// <summary>See the loader.</summary>
    public IReadOnlyDictionary<string, LowRankUpdate> Updates { get; } = new Dictionary<string, LowRankUpdate>();

    /// <summary>See the loader.</summary>
    public IReadOnlyDictionary<string, Weight> Replacements { get; } = new Dictionary<string, Weight>();

    /// <summary>See the loader.</summary>
    public static LoraAdapter Load(string folder, Checkpoint checkpoint) => throw new CheckpointException($"The adapter '{folder}' cannot be loaded beside '{checkpoint.Path}' yet.");

    /// <summary>See the loader.</summary>
    public WeightSet Merge(WeightSet weights) => weights.With(Replacements);
}
