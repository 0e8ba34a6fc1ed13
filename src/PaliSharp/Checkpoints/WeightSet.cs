using System.Collections;
using System.Diagnostics.CodeAnalysis;
using PaliSharp.Tensors;

namespace PaliSharp.Checkpoints;

/// <summary>The weights of a model by canonical name: the names of the published files (<c>language_model.model.layers.0.…</c>).</summary>
/// <remarks>The tied table is always <c>language_model.model.embed_tokens.weight</c>, whatever the file called it.</remarks>
public sealed class WeightSet : IEnumerable<Weight>
{
    private readonly List<Weight> _ordered;
    private readonly Dictionary<string, Weight> _byName;

    /// <summary>Collects weights under their names.</summary>
    /// <param name="weights">The weights; no name may occur twice.</param>
    /// <exception cref="ArgumentException">A name occurs twice.</exception>
    public WeightSet(IEnumerable<Weight> weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        _ordered = [.. weights];
        _byName = _ordered.ToDictionary(weight => weight.Name, StringComparer.Ordinal);
    }

    /// <summary>The number of weights.</summary>
    public int Count => _ordered.Count;

    /// <summary>The number of elements of all weights.</summary>
    public long ParameterCount => _ordered.Sum(weight => weight.Shape.Count);

    /// <summary>The size of all weights in bytes.</summary>
    public long ByteLength => _ordered.Sum(weight => weight.ByteLength);

    /// <summary>A weight by its canonical name.</summary>
    /// <param name="canonicalName">The name.</param>
    /// <exception cref="CheckpointException">There is no such weight.</exception>
    public Weight this[string canonicalName] => _byName.TryGetValue(canonicalName, out Weight? weight)
        ? weight
        : throw new CheckpointException($"The checkpoint has no tensor '{canonicalName}'.");

    /// <summary>Looks a weight up.</summary>
    /// <param name="canonicalName">The canonical name.</param>
    /// <param name="weight">The weight, if there is one.</param>
    /// <returns>Whether there is one.</returns>
    public bool TryGet(string canonicalName, [NotNullWhen(true)] out Weight? weight) => _byName.TryGetValue(canonicalName, out weight);

    /// <summary>The same set with some weights exchanged or added.</summary>
    /// <param name="replacements">The weights to put in, under their names.</param>
    public WeightSet With(IReadOnlyDictionary<string, Weight> replacements)
    {
        ArgumentNullException.ThrowIfNull(replacements);
        return new WeightSet(_ordered.Select(weight => replacements.GetValueOrDefault(weight.Name, weight))
            .Concat(replacements.Where(pair => !_byName.ContainsKey(pair.Key)).Select(pair => pair.Value)));
    }

    /// <inheritdoc/>
    public IEnumerator<Weight> GetEnumerator() => _ordered.GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
