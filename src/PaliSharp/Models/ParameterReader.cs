using PaliSharp.Tensors;

namespace PaliSharp.Models;

/// <summary>Hands the modules of a model their parameters by canonical name, with what an adapter replaces or adds.</summary>
/// <param name="weights">Finds a weight of the checkpoint by its canonical name, or null.</param>
/// <param name="updates">Low-rank updates by canonical module path.</param>
/// <param name="replacements">Weights that stand in for those of the checkpoint, by canonical name.</param>
internal sealed class ParameterReader(
    Func<string, Weight?> weights,
    IReadOnlyDictionary<string, LowRankUpdate>? updates,
    IReadOnlyDictionary<string, Weight>? replacements)
{
    public Weight Weight(string name)
    {
        if (replacements is not null && replacements.TryGetValue(name, out Weight? replacement))
            return replacement;
        return weights(name) ?? throw new CheckpointException($"The checkpoint has no tensor '{name}'.");
    }

    public LinearLayer Linear(string module, bool hasBias)
    {
        LowRankUpdate? update = null;
        updates?.TryGetValue(module, out update);
        return new LinearLayer(Weight($"{module}.weight"), hasBias ? Weight($"{module}.bias") : null, update);
    }
}
