using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu.Kernels;

namespace PaliSharp.Training.Autodiff.Operations;

/// <summary>Attention of a ragged batch whose keys and values lie in one tensor each.</summary>
internal sealed unsafe class AttentionOperation : TapeOperation
{
    private readonly AttentionSegment[] _segments;
    private readonly AttentionOptions _options;

    public AttentionOperation(int queries, int keys, int values, ReadOnlySpan<AttentionSegment> segments, in AttentionOptions options)
        : base(queries, keys, values)
    {
        // The tensors are given back long before the way back; only the rows are remembered.
        _segments = segments.ToArray();
        for (int i = 0; i < _segments.Length; i++)
            _segments[i] = _segments[i] with { Keys = null!, Values = null! };
        _options = options;
    }

    public override ReadOnlySpan<int> Saved => Inputs;

    public override Tensor Forward(Tape tape) => tape.Device.Attention(tape.Value(Inputs[0]), Segments(tape), _options);

    public override void Backward(Tape tape, Tensor dy)
    {
        Tensor queries = tape.Value(Inputs[0]);
        Tensor keys = tape.Value(Inputs[1]);
        Tensor dq = tape.Device.Rent(queries.Shape);
        Tensor dk = tape.Device.Rent(keys.Shape);
        Tensor dv = tape.Device.Rent(keys.Shape);
        dk.Span.Clear();
        dv.Span.Clear();
        tape.Kernels.Attention(dy.Pointer, queries.Pointer, Segments(tape), _options, dq.Pointer, dk.Pointer, dv.Pointer);
        GiveIfRequired(tape, 0, dq);
        GiveIfRequired(tape, 1, dk);
        GiveIfRequired(tape, 2, dv);
    }

    private void GiveIfRequired(Tape tape, int input, Tensor gradient)
    {
        if (tape.Requires(Inputs[input]))
            tape.Give(Inputs[input], gradient);
        else
            gradient.Dispose();
    }

    private AttentionSegment[] Segments(Tape tape) =>
        [.. _segments.Select(segment => segment with { Keys = tape.Value(Inputs[1]), Values = tape.Value(Inputs[2]) })];
}

/// <summary>Rotates heads by position.</summary>
internal sealed unsafe class RotaryOperation(int x, int[] positions, int headSize, float thetaBase) : TapeOperation(x)
{
    public override ReadOnlySpan<int> Saved => [];

    public override Tensor Forward(Tape tape) => tape.Device.RotaryEmbedding(tape.Value(Inputs[0]), positions, headSize, thetaBase);

    public override void Backward(Tape tape, Tensor dy)
    {
        RotaryTable table = tape.Device.RotaryTable(headSize, thetaBase, positions);
        Tensor dx = tape.Target(Inputs[0], out bool accumulate);
        fixed (int* first = positions)
            tape.Kernels.Rotary(dy.Pointer, first, table, dy.Rows, dy.Columns / headSize, dx.Pointer, accumulate);
    }
}

/// <summary>Cuts pictures into patches.</summary>
internal sealed unsafe class PatchesOperation(int pixels, TensorShape shape, int patch) : TapeOperation(pixels)
{
    public override ReadOnlySpan<int> Saved => [];

    public override Tensor Forward(Tape tape) => tape.Device.Patches(tape.Value(Inputs[0]), patch);

    public override void Backward(Tape tape, Tensor dy)
    {
        Tensor dx = tape.Device.Rent(shape);
        tape.Kernels.Patches(dy.Pointer, shape[0], shape[1], shape[2], shape[3], patch, dx.Pointer);
        tape.Give(Inputs[0], dx);
    }
}
