using System.Collections;
using System.Diagnostics.CodeAnalysis;
using PaliSharp.Tensors;

namespace PaliSharp.Training.Autodiff;

/// <summary>The parameters of a model that are trained, in a fixed order; every other weight is frozen.</summary>
public sealed unsafe class ParameterSet : IReadOnlyList<Parameter>
{
    private readonly List<Parameter> _ordered;
    private readonly Dictionary<string, Parameter> _byName;
    private readonly Dictionary<nint, Parameter> _byAddress;
    private readonly List<Parameter> _derived;

    /// <summary>Collects parameters.</summary>
    /// <param name="parameters">The parameters; no name may occur twice.</param>
    /// <exception cref="ArgumentException">A name occurs twice.</exception>
    public ParameterSet(IEnumerable<Parameter> parameters)
        : this(parameters, [])
    {
    }

    /// <summary>Collects parameters, and values derived from them that the model reads: those get gradients, but are not updated.</summary>
    internal ParameterSet(IEnumerable<Parameter> parameters, IEnumerable<Parameter> derived)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _derived = [.. derived];
        _ordered = [.. parameters];
        _byName = _ordered.ToDictionary(parameter => parameter.Name, StringComparer.Ordinal);
        _byAddress = _ordered.Concat(_derived).ToDictionary(parameter => (nint)parameter.Weight.Data);
    }

    /// <inheritdoc/>
    public int Count => _ordered.Count;

    /// <summary>The number of elements of all parameters.</summary>
    public long ElementCount => _ordered.Sum(parameter => parameter.Count);

    /// <inheritdoc/>
    public Parameter this[int index] => _ordered[index];

    /// <summary>A parameter by name.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="KeyNotFoundException">There is no such parameter.</exception>
    public Parameter this[string name] => _byName[name];

    /// <summary>Looks a parameter up.</summary>
    /// <param name="name">The name.</param>
    /// <param name="parameter">The parameter, if there is one.</param>
    /// <returns>Whether there is one.</returns>
    public bool TryGet(string name, [NotNullWhen(true)] out Parameter? parameter) => _byName.TryGetValue(name, out parameter);

    /// <summary>Sets all gradients to zero.</summary>
    public void ClearGradients()
    {
        // Bound by memory: more than one thread reaches more of its bandwidth.
        _ = Parallel.ForEach(_ordered.Concat(_derived), parameter => parameter.ClearGradient());
    }

    /// <inheritdoc/>
    public IEnumerator<Parameter> GetEnumerator() => _ordered.GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The parameter whose values a weight reads, under whatever shape; null if the weight is frozen.</summary>
    internal Parameter? Of(Weight? weight) => weight is not null && _byAddress.TryGetValue((nint)weight.Data, out Parameter? parameter) ? parameter : null;
}
