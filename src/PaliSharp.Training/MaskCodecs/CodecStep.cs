using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;

namespace PaliSharp.Training.MaskCodecs;

/// <summary>A layer of the codec in training.</summary>
internal abstract class CodecStep
{
    /// <summary>Computes the layer.</summary>
    /// <param name="x">[pictures·side·side, channels].</param>
    public abstract Tensor Forward(Tensor x);

    /// <summary>Adds to the gradients of the parameters.</summary>
    /// <param name="x">What the layer was given.</param>
    /// <param name="y">What it gave.</param>
    /// <param name="dy">The gradient of that.</param>
    /// <returns>The gradient of <paramref name="x"/>.</returns>
    public abstract Tensor Backward(Tensor x, Tensor y, Tensor dy);
}

/// <summary>max(x, 0).</summary>
/// <param name="device">Lends memory.</param>
internal sealed class RectifierStep(CpuBackend device) : CodecStep
{
    public override Tensor Forward(Tensor x)
    {
        Tensor y = device.Rent(x.Shape);
        ReadOnlySpan<float> source = x.Span;
        Span<float> target = y.Span;
        for (int i = 0; i < target.Length; i++)
            target[i] = Math.Max(source[i], 0);
        return y;
    }

    public override Tensor Backward(Tensor x, Tensor y, Tensor dy)
    {
        Tensor dx = device.Rent(x.Shape);
        Span<float> target = dx.Span;
        ReadOnlySpan<float> output = y.Span;
        ReadOnlySpan<float> gradient = dy.Span;
        for (int i = 0; i < target.Length; i++)
            target[i] = output[i] > 0 ? gradient[i] : 0;
        return dx;
    }
}

/// <summary>Layers one after the other; what they give is kept for the way back.</summary>
/// <param name="steps">The layers.</param>
internal class ChainStep(IReadOnlyList<CodecStep> steps) : CodecStep
{
    private readonly List<Tensor> _outputs = [];

    public override Tensor Forward(Tensor x)
    {
        Release();
        foreach (CodecStep step in steps)
            _outputs.Add(step.Forward(_outputs.Count == 0 ? x : _outputs[^1]));
        return _outputs[^1].Retain();
    }

    public override Tensor Backward(Tensor x, Tensor y, Tensor dy)
    {
        Tensor gradient = dy.Retain();
        for (int i = steps.Count - 1; i >= 0; i--)
        {
            Tensor before = steps[i].Backward(i == 0 ? x : _outputs[i - 1], _outputs[i], gradient);
            gradient.Dispose();
            gradient = before;
        }

        Release();
        return gradient;
    }

    private void Release()
    {
        foreach (Tensor output in _outputs)
            output.Dispose();
        _outputs.Clear();
    }
}

/// <summary>x + layers(x).</summary>
/// <param name="steps">The layers.</param>
internal sealed class ResidualStep(IReadOnlyList<CodecStep> steps) : ChainStep(steps)
{
    public override Tensor Forward(Tensor x)
    {
        // A tensor of its own: the chain keeps the branch's output, which must not change.
        using Tensor branch = base.Forward(x);
        return Sum(branch, x);
    }

    public override Tensor Backward(Tensor x, Tensor y, Tensor dy)
    {
        using Tensor branch = base.Backward(x, y, dy);
        return Sum(branch, dy);
    }

    private Tensor Sum(Tensor a, Tensor b) => Device.Add(a, b);

    /// <summary>Whose kernels add.</summary>
    public required CpuBackend Device { get; init; }
}
