using PaliSharp.Tensors.Cpu.MatMul;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>All operations on one instruction path: one virtual call for each operation, everything below it compiled for the path.</summary>
/// <remarks>Arguments have been checked; results do not overlap operands.</remarks>
internal abstract unsafe class KernelSet
{
    /// <summary>y[rows, outputs] = x[rows, inputs]·weight[outputs, inputs]ᵀ (+ bias).</summary>
    public abstract void Linear(float* x, int rows, Weight weight, float* bias, float* y);

    /// <summary>Products of the same x with weights of one type.</summary>
    public abstract void Linear(WeightType type, ReadOnlySpan<ProductOperands> products);

    /// <summary>y[rows, outputs] = x[rows, inputs]·(the given rows of weight)ᵀ.</summary>
    public abstract void LinearRows(float* x, int rows, Weight weight, ReadOnlySpan<int> outputs, float* y);

    /// <summary>y[i] = a[i] + scale·b[i mod period].</summary>
    public abstract void Add(float* a, float* b, long period, float scale, float* y, long count);

    /// <summary>y[i] = a[i]·b[i mod period].</summary>
    public abstract void Multiply(float* a, float* b, long period, float* y, long count);

    /// <inheritdoc cref="TensorBackend.LayerNorm"/>
    public abstract void LayerNorm(float* x, float* scale, float* bias, float epsilon, float* y, int rows, int columns);

    /// <inheritdoc cref="TensorBackend.RmsNorm"/>
    public abstract void RmsNorm(float* x, float* weight, float epsilon, float* y, int rows, int columns);

    /// <inheritdoc cref="TensorBackend.GeluTanh"/>
    public abstract void GeluTanh(float* x, float* y, long count);

    /// <inheritdoc cref="TensorBackend.GatedGeluTanh"/>
    public abstract void GatedGeluTanh(float* gate, float* up, float* y, long count);

    /// <inheritdoc cref="TensorBackend.SoftCap"/>
    public abstract void SoftCap(float* x, float cap, float* y, long count);

    /// <summary>Rotates heads; the table is prepared for all positions.</summary>
    public abstract void Rotary(float* x, int* positions, RotaryTable table, int rows, int heads, float* y);

    /// <inheritdoc cref="TensorBackend.Attention"/>
    public abstract void Attention(float* queries, ReadOnlySpan<AttentionSegment> segments, in AttentionOptions options, float* result);

    /// <inheritdoc cref="TensorBackend.Embedding"/>
    public abstract void Embedding(int* ids, int count, Weight table, float scale, float* y);

    /// <inheritdoc cref="TensorBackend.Patches"/>
    public abstract void Patches(float* pixels, int pictures, int channels, int height, int width, int patch, float* y);
}
