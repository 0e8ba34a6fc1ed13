using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Training.LowRank;

/// <summary>Takes an adapter out of weights it was merged into.</summary>
public static class LoraMerging
{
    /// <summary>W = merged − scale·B·A for every updated layer: the base up to the rounding of the merged weights.</summary>
    /// <param name="merged">Weights that the adapter was merged into, in a floating-point type.</param>
    /// <param name="adapter">The adapter; without magnitudes (DoRA) and without modules saved in full, whose base is lost in merging.</param>
    /// <exception cref="CheckpointException">The adapter cannot be taken out.</exception>
    public static WeightSet Unmerge(WeightSet merged, LoraAdapter adapter)
    {
        ArgumentNullException.ThrowIfNull(merged);
        ArgumentNullException.ThrowIfNull(adapter);
        if (adapter.Replacements.Count > 0 || adapter.Updates.Values.Any(update => update.OutputScale is not null))
        {
            throw new CheckpointException(
                "An adapter with magnitudes or with modules saved in full replaces weights, so it cannot be taken out again. Keep the base checkpoint.");
        }

        Dictionary<string, LowRankUpdate> negated = adapter.Updates.ToDictionary(
            pair => pair.Key, pair => pair.Value with { Scale = -pair.Value.Scale }, StringComparer.Ordinal);
        return new LoraAdapter(adapter.Path, negated, adapter.Replacements, []).Merge(merged);
    }
}
