using PaliSharp.Tensors;

namespace PaliSharp.Models;

/// <summary>y = x·Wᵀ + b, with the low-rank update of an adapter beside W if one is loaded.</summary>
/// <param name="weight">[outputs, inputs].</param>
/// <param name="bias">[outputs] in float32, or none.</param>
/// <param name="update">What an adapter adds, or none.</param>
internal sealed class LinearLayer(Weight weight, Weight? bias, LowRankUpdate? update)
{
    public int Outputs => weight.Shape[0];

    public Tensor Forward(TensorBackend ops, Tensor x)
    {
        if (update is null)
            return ops.Linear(x, weight, bias);

        using Tensor reduced = ops.Linear(x, update.A);
        using Tensor low = ops.Linear(reduced, update.B);
        if (update.OutputScale is null)
        {
            using Tensor full = ops.Linear(x, weight, bias);
            return ops.Add(full, low, update.Scale);
        }

        // The magnitude scales the whole product but not the bias.
        using Tensor product = ops.Linear(x, weight);
        using Tensor updated = ops.Add(product, low, update.Scale);
        Tensor scaled = ops.Multiply(updated, update.OutputScale);
        if (bias is null)
            return scaled;
        using (scaled)
            return ops.Add(scaled, bias);
    }
}
