using PaliSharp.Tensors;

namespace PaliSharp.Training.Autodiff.Operations;

/// <summary>y = geluTanh(x).</summary>
internal sealed unsafe class GeluTanhOperation(int x) : TapeOperation(x)
{
    public override ReadOnlySpan<int> Saved => Inputs;

    public override Tensor Forward(Tape tape) => tape.Device.GeluTanh(tape.Value(Inputs[0]));

    public override void Backward(Tape tape, Tensor dy)
    {
        Tensor dx = tape.Target(Inputs[0], out bool accumulate);
        tape.Kernels.GeluTanh(dy.Pointer, tape.Value(Inputs[0]).Pointer, dx.Pointer, dy.Shape.Count, accumulate);
    }
}

/// <summary>y = geluTanh(gate) ⊙ up.</summary>
internal sealed unsafe class GatedGeluTanhOperation(int gate, int up) : TapeOperation(gate, up)
{
    public override ReadOnlySpan<int> Saved => Inputs;

    public override Tensor Forward(Tape tape) => tape.Device.GatedGeluTanh(tape.Value(Inputs[0]), tape.Value(Inputs[1]));

    public override void Backward(Tape tape, Tensor dy)
    {
        Tensor dgate = tape.Device.Rent(dy.Shape);
        Tensor dup = tape.Device.Rent(dy.Shape);
        tape.Kernels.GatedGeluTanh(
            dy.Pointer, tape.Value(Inputs[0]).Pointer, tape.Value(Inputs[1]).Pointer, dgate.Pointer, dup.Pointer, dy.Shape.Count);
        GiveIfRequired(tape, Inputs[0], dgate);
        GiveIfRequired(tape, Inputs[1], dup);
    }

    private static void GiveIfRequired(Tape tape, int node, Tensor gradient)
    {
        if (tape.Requires(node))
            tape.Give(node, gradient);
        else
            gradient.Dispose();
    }
}

/// <summary>y = cap·tanh(x / cap).</summary>
internal sealed unsafe class SoftCapOperation(int x, float cap) : TapeOperation(x)
{
    public override ReadOnlySpan<int> Saved => Inputs;

    public override Tensor Forward(Tape tape) => tape.Device.SoftCap(tape.Value(Inputs[0]), cap);

    public override void Backward(Tape tape, Tensor dy)
    {
        Tensor dx = tape.Target(Inputs[0], out bool accumulate);
        tape.Kernels.SoftCap(dy.Pointer, tape.Value(Inputs[0]).Pointer, cap, dx.Pointer, dy.Shape.Count, accumulate);
    }
}

/// <summary>Elements set to zero at random, the others scaled.</summary>
internal sealed class DropoutOperation(int x, float rate, ulong seed) : TapeOperation(x)
{
    public override ReadOnlySpan<int> Saved => [];

    public override Tensor Forward(Tape tape) => Dropping.Apply(tape.Device, tape.Value(Inputs[0]), rate, seed);

    public override void Backward(Tape tape, Tensor dy) => tape.Give(Inputs[0], Dropping.Apply(tape.Device, dy, rate, seed));
}
