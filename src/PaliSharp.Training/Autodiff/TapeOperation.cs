using PaliSharp.Tensors;

namespace PaliSharp.Training.Autodiff;

/// <summary>One recorded operation: enough to compute it again and to pass its gradient on.</summary>
/// <param name="inputs">The nodes it reads.</param>
internal abstract class TapeOperation(params int[] inputs)
{
    /// <summary>The nodes it reads.</summary>
    public int[] Inputs { get; } = inputs;

    /// <summary>The node it writes.</summary>
    public int Output { get; set; }

    /// <summary>The inputs whose values <see cref="Backward"/> reads.</summary>
    public abstract ReadOnlySpan<int> Saved { get; }

    /// <summary>Computes the output again.</summary>
    /// <param name="tape">Has the values of all inputs.</param>
    public abstract Tensor Forward(Tape tape);

    /// <summary>Adds to the gradients of inputs and parameters.</summary>
    /// <param name="tape">Has the values of the saved inputs.</param>
    /// <param name="dy">The gradient of the output; held by the tape.</param>
    public abstract void Backward(Tape tape, Tensor dy);
}
