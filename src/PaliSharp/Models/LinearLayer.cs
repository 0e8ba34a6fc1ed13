using PaliSharp.Tensors;

namespace PaliSharp.Models;

/// <summary>y = x·Wᵀ + b, with the low-rank update of an adapter beside W if one is loaded.</summary>
/// <param name="weight">[outputs, inputs].</param>
/// <param name="bias">[outputs] in float32, or none.</param>
/// <param name="update">What an adapter adds, or none.</param>
internal sealed class LinearLayer(Weight weight, Weight? bias, LowRankUpdate? update)
{
    private readonly Weight _weight = weight;
    private readonly Weight? _bias = bias;
    private readonly LowRankUpdate? _update = update;

    public int Outputs => _weight.Shape[0];

    /// <summary>Two layers of the same x at once.</summary>
    public static (Tensor First, Tensor Second) Forward(TensorBackend ops, Tensor x, LinearLayer first, LinearLayer second)
    {
        if (first._update is not null || second._update is not null)
            return (first.Forward(ops, x), second.Forward(ops, x));
        Span<Tensor> y = [null!, null!]; // on the stack: decoding allocates nothing
        ops.LinearTogether(x, [first._weight, second._weight], [first._bias, second._bias], y);
        return (y[0], y[1]);
    }

    /// <summary>Three layers of the same x at once.</summary>
    public static (Tensor First, Tensor Second, Tensor Third) Forward(TensorBackend ops, Tensor x, LinearLayer first, LinearLayer second, LinearLayer third)
    {
        if (first._update is not null || second._update is not null || third._update is not null)
            return (first.Forward(ops, x), second.Forward(ops, x), third.Forward(ops, x));
        Span<Tensor> y = [null!, null!, null!];
        ops.LinearTogether(x, [first._weight, second._weight, third._weight], [first._bias, second._bias, third._bias], y);
        return (y[0], y[1], y[2]);
    }

    public Tensor Forward(TensorBackend ops, Tensor x)
    {
        if (_update is null)
            return ops.Linear(x, _weight, _bias);

        using Tensor reduced = ops.Linear(x, _update.A);
        using Tensor low = ops.Linear(reduced, _update.B);
        if (_update.OutputScale is null)
        {
            using Tensor full = ops.Linear(x, _weight, _bias);
            return ops.Add(full, low, _update.Scale);
        }

        // The magnitude scales the whole product but not the bias.
        using Tensor product = ops.Linear(x, _weight);
        using Tensor updated = ops.Add(product, low, _update.Scale);
        Tensor scaled = ops.Multiply(updated, _update.OutputScale);
        if (_bias is null)
            return scaled;
        using (scaled)
            return ops.Add(scaled, _bias);
    }
}
