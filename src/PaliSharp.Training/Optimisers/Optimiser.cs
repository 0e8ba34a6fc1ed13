using PaliSharp.Tensors;
using PaliSharp.Training.Autodiff;

namespace PaliSharp.Training.Optimisers;

/// <summary>How far one parameter goes in one update: θ −= Rate·direction + Decay·θ.</summary>
/// <param name="Rate">The factor of the optimiser's direction: learning rate × schedule × the parameter's own factor.</param>
/// <param name="Decay">The factor of the values themselves: weight decay, already multiplied by what it is to be multiplied by.</param>
public readonly record struct StepRate(double Rate, double Decay);

/// <summary>A number an optimiser remembers for every element (or row, or column) of a parameter.</summary>
/// <param name="Name">Its name in a saved state, such as <c>first_moment/NAME</c>.</param>
/// <param name="Value">Its values.</param>
public sealed record OptimiserSlot(string Name, Weight Value);

/// <summary>Turns gradients into new values.</summary>
/// <param name="parameters">What is trained.</param>
public abstract class Optimiser(ParameterSet parameters)
{
    /// <summary>What is trained.</summary>
    public ParameterSet Parameters { get; } = parameters;

    /// <summary>The updates made so far.</summary>
    public long Updates { get; private set; }

    /// <summary>What is remembered between updates, to be saved and restored with <see cref="Updates"/>.</summary>
    public abstract IReadOnlyList<OptimiserSlot> Slots { get; }

    /// <summary>Makes one update.</summary>
    /// <param name="gradientScale">What gradients are multiplied by first: the factor of clipping.</param>
    /// <param name="rate">How far each parameter goes, by its index.</param>
    public void Update(float gradientScale, Func<int, StepRate> rate)
    {
        ArgumentNullException.ThrowIfNull(rate);
        Updates++;
        for (int i = 0; i < Parameters.Count; i++)
            Update(i, Parameters[i], gradientScale, rate(i));
    }

    /// <summary>Goes on after a number of updates whose slots were restored.</summary>
    /// <param name="updates">How many were made.</param>
    public void Restore(long updates) => Updates = updates;

    /// <summary>Updates one parameter; <see cref="Updates"/> counts this update already.</summary>
    /// <param name="index">The parameter's index.</param>
    /// <param name="parameter">The parameter.</param>
    /// <param name="gradientScale">The factor of its gradient.</param>
    /// <param name="rate">How far it goes.</param>
    protected abstract void Update(int index, Parameter parameter, float gradientScale, StepRate rate);

    /// <summary>Memory for something remembered, zero at first.</summary>
    /// <param name="kind">What it is.</param>
    /// <param name="parameter">Whose it is.</param>
    /// <param name="shape">Its extents.</param>
    /// <param name="type">Its storage type.</param>
    private protected static unsafe OptimiserSlot NewSlot(string kind, Parameter parameter, TensorShape shape, WeightType type = WeightType.Float32)
    {
        string name = $"{kind}/{parameter.Name}";
        var memory = new NativeBuffer(Weight.SizeOf(type, shape));
        return new OptimiserSlot(name, new Weight(name, type, shape, memory.Pointer, memory));
    }
}
