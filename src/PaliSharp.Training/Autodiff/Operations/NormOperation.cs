using PaliSharp.Tensors;

namespace PaliSharp.Training.Autodiff.Operations;

/// <summary>A layer norm, or an RMS norm where there is no bias.</summary>
internal sealed unsafe class NormOperation(int x, Weight scale, Weight? bias, float epsilon, Parameter? trainedScale, Parameter? trainedBias)
    : TapeOperation(x)
{
    public override ReadOnlySpan<int> Saved => Inputs;

    public override Tensor Forward(Tape tape) => bias is null
        ? tape.Device.RmsNorm(tape.Value(Inputs[0]), scale, epsilon)
        : tape.Device.LayerNorm(tape.Value(Inputs[0]), scale, bias, epsilon);

    public override void Backward(Tape tape, Tensor dy)
    {
        Tensor input = tape.Value(Inputs[0]);
        bool accumulate = false;
        float* dx = tape.Requires(Inputs[0]) ? tape.Target(Inputs[0], out accumulate).Pointer : null;
        float* dscale = trainedScale is null ? null : trainedScale.Gradients;
        float* dbias = trainedBias is null ? null : trainedBias.Gradients;
        if (bias is null)
            tape.Kernels.RmsNorm(dy.Pointer, input.Pointer, (float*)scale.Data, epsilon, dx, accumulate, dscale, input.Rows, input.Columns);
        else
            tape.Kernels.LayerNorm(dy.Pointer, input.Pointer, (float*)scale.Data, epsilon, dx, accumulate, dscale, dbias, input.Rows, input.Columns);
        GC.KeepAlive(scale);
    }
}
