using PaliSharp.Tensors;

namespace PaliSharp.Training.Autodiff.Operations;

/// <summary>y = a + scale·b, the rows of b repeating.</summary>
internal sealed unsafe class AddOperation(int a, int b, float scale) : TapeOperation(a, b)
{
    public override ReadOnlySpan<int> Saved => [];

    public override Tensor Forward(Tape tape) => tape.Device.Add(tape.Value(Inputs[0]), tape.Value(Inputs[1]), scale);

    public override void Backward(Tape tape, Tensor dy)
    {
        if (tape.Requires(Inputs[0]))
            tape.Give(Inputs[0], dy.Retain());
        if (!tape.Requires(Inputs[1]))
            return;
        if (scale == 1 && tape.CountOf(Inputs[1]) == dy.Shape.Count)
        {
            tape.Give(Inputs[1], dy.Retain());
            return;
        }

        Tensor db = tape.Target(Inputs[1], out bool accumulate);
        if (!accumulate)
            db.Span.Clear();
        tape.Kernels.Fold(dy.Pointer, dy.Shape.Count, db.Shape.Count, scale, db.Pointer);
    }
}

/// <summary>y = a + w, the rows of w repeating.</summary>
internal sealed unsafe class AddWeightOperation(int a, Weight weight, Parameter? trained) : TapeOperation(a)
{
    public override ReadOnlySpan<int> Saved => [];

    public override Tensor Forward(Tape tape) => tape.Device.Add(tape.Value(Inputs[0]), weight);

    public override void Backward(Tape tape, Tensor dy)
    {
        if (trained is not null)
            tape.Kernels.Fold(dy.Pointer, dy.Shape.Count, weight.Shape.Count, 1, trained.Gradients);
        if (tape.Requires(Inputs[0]))
            tape.Give(Inputs[0], dy.Retain());
    }
}

/// <summary>Stacks runs of rows.</summary>
internal sealed unsafe class ConcatenateOperation(int[] sources, (int Start, int Count)[] runs) : TapeOperation(sources)
{
    public override ReadOnlySpan<int> Saved => [];

    public override Tensor Forward(Tape tape) =>
        tape.Device.ConcatenateRows([.. Inputs.Select((node, i) => new RowRun(tape.Value(node), runs[i].Start, runs[i].Count))]);

    public override void Backward(Tape tape, Tensor dy)
    {
        long columns = dy.Columns;
        float* source = dy.Pointer;
        for (int i = 0; i < runs.Length; i++)
        {
            long count = runs[i].Count * columns;
            if (tape.Requires(Inputs[i]))
            {
                Tensor target = tape.Target(Inputs[i], out bool accumulate);
                if (!accumulate)
                    target.Span.Clear();
                tape.Kernels.Fold(source, count, Math.Max(count, 1), 1, target.Pointer + (runs[i].Start * columns));
            }

            source += count;
        }
    }
}
