using PaliSharp.Tensors;

namespace PaliSharp.Training.Autodiff.Operations;

/// <summary>y = x·Wᵀ + b.</summary>
internal sealed unsafe class LinearOperation(int x, Weight weight, Weight? bias, Parameter? trainedWeight, Parameter? trainedBias) : TapeOperation(x)
{
    public override ReadOnlySpan<int> Saved => trainedWeight is null ? [] : Inputs;

    public override Tensor Forward(Tape tape) => tape.Device.Linear(tape.Value(Inputs[0]), weight, bias);

    public override void Backward(Tape tape, Tensor dy)
    {
        if (trainedBias is not null)
            tape.Kernels.Fold(dy.Pointer, dy.Shape.Count, dy.Columns, 1, trainedBias.Gradients);
        if (trainedWeight is not null)
        {
            Tensor input = tape.Value(Inputs[0]);
            tape.Kernels.LinearWeight(dy.Pointer, input.Pointer, dy.Rows, dy.Columns, input.Columns, trainedWeight.Gradients);
        }

        if (tape.Requires(Inputs[0]))
        {
            Tensor dx = tape.Target(Inputs[0], out bool accumulate);
            tape.Kernels.LinearInput(dy.Pointer, dy.Rows, weight, dx.Pointer, accumulate);
        }
    }
}

/// <summary>Some of the columns of x·Wᵀ.</summary>
internal sealed unsafe class LinearRowsOperation(int x, Weight weight, int[] rows, Parameter? trained) : TapeOperation(x)
{
    public override ReadOnlySpan<int> Saved => trained is null ? [] : Inputs;

    public override Tensor Forward(Tape tape) => tape.Device.LinearRows(tape.Value(Inputs[0]), weight, rows);

    public override void Backward(Tape tape, Tensor dy)
    {
        int width = weight.Shape.Columns;
        if (trained is not null)
        {
            Tensor input = tape.Value(Inputs[0]);
            using Tensor gradient = tape.Device.Rent(new TensorShape(rows.Length, width));
            gradient.Span.Clear();
            tape.Kernels.LinearWeight(dy.Pointer, input.Pointer, dy.Rows, rows.Length, width, gradient.Pointer);
            fixed (int* first = rows)
                tape.Kernels.Embedding(gradient.Pointer, first, rows.Length, width, 1, trained.Gradients);
        }

        if (tape.Requires(Inputs[0]))
        {
            using Tensor chosen = tape.Device.Embedding(rows, weight, 1);
            var matrix = new Weight(weight.Name, WeightType.Float32, chosen.Shape, chosen.Pointer, chosen);
            Tensor dx = tape.Target(Inputs[0], out bool accumulate);
            tape.Kernels.LinearInput(dy.Pointer, dy.Rows, matrix, dx.Pointer, accumulate);
        }
    }
}

/// <summary>y = x ⊙ w.</summary>
internal sealed unsafe class MultiplyOperation(int x, Weight weight, Parameter? trained) : TapeOperation(x)
{
    public override ReadOnlySpan<int> Saved => trained is null ? [] : Inputs;

    public override Tensor Forward(Tape tape) => tape.Device.Multiply(tape.Value(Inputs[0]), weight);

    public override void Backward(Tape tape, Tensor dy)
    {
        if (trained is not null)
            tape.Kernels.FoldProduct(dy.Pointer, tape.Value(Inputs[0]).Pointer, dy.Shape.Count, dy.Columns, trained.Gradients);
        if (tape.Requires(Inputs[0]))
        {
            Tensor dx = tape.Target(Inputs[0], out bool accumulate);
            tape.Kernels.Multiply(dy.Pointer, (float*)weight.Data, dy.Columns, dx.Pointer, dy.Shape.Count, accumulate);
        }
    }
}

/// <summary>Row i of y is scale·table[ids[i]].</summary>
internal sealed unsafe class EmbeddingOperation(int[] ids, Weight table, Parameter trained, float scale) : TapeOperation
{
    public override ReadOnlySpan<int> Saved => [];

    public override Tensor Forward(Tape tape) => tape.Device.Embedding(ids, table, scale);

    public override void Backward(Tape tape, Tensor dy)
    {
        fixed (int* first = ids)
            tape.Kernels.Embedding(dy.Pointer, first, ids.Length, dy.Columns, scale, trained.Gradients);
    }
}
