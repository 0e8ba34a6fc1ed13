using PaliSharp.Tensors.Cpu.Kernels;

namespace PaliSharp.Tensors.Cpu.Gradients;

/// <summary>
/// The gradients of the operations on one instruction path. dy is the gradient of an operation's result; results are added to what is
/// there where a parameter says so, or where the summary writes "+=". Arguments have been checked; results do not overlap operands.
/// </summary>
/// <remarks>For a given number of threads every result is the same in every run.</remarks>
internal abstract unsafe class GradientKernels
{
    /// <summary>dx[rows, inputs] = dy[rows, outputs]·weight[outputs, inputs], in any storage type of the weight.</summary>
    public abstract void LinearInput(float* dy, int rows, Weight weight, float* dx, bool accumulate);

    /// <summary>dw[outputs, inputs] += dy[rows, outputs]ᵀ·x[rows, inputs].</summary>
    public abstract void LinearWeight(float* dy, float* x, int rows, int outputs, int inputs, float* dw);

    /// <summary>target[i mod period] += scale·source[i]: the gradient of what was repeated.</summary>
    public abstract void Fold(float* source, long count, long period, float scale, float* target);

    /// <summary>target[i mod period] += a[i]·b[i].</summary>
    public abstract void FoldProduct(float* a, float* b, long count, long period, float* target);

    /// <summary>target[i] += a[i]·weight[i mod period], or = if not <paramref name="accumulate"/>.</summary>
    public abstract void Multiply(float* a, float* weight, long period, float* target, long count, bool accumulate);

    /// <summary>The gradients of a layer norm: dx if wanted, dscale += and dbias += if wanted (null otherwise).</summary>
    public abstract void LayerNorm(
        float* dy, float* x, float* scale, float epsilon, float* dx, bool accumulate, float* dscale, float* dbias, int rows, int columns);

    /// <summary>The gradients of an RMS norm: dx if wanted, dweight += if wanted (null otherwise).</summary>
    public abstract void RmsNorm(float* dy, float* x, float* weight, float epsilon, float* dx, bool accumulate, float* dweight, int rows, int columns);

    /// <summary>dx = dy·geluTanh'(x).</summary>
    public abstract void GeluTanh(float* dy, float* x, float* dx, long count, bool accumulate);

    /// <summary>dgate = dy·up·geluTanh'(gate) and dup = dy·geluTanh(gate); neither accumulates.</summary>
    public abstract void GatedGeluTanh(float* dy, float* gate, float* up, float* dgate, float* dup, long count);

    /// <summary>dx = dy·(1 − tanh²(x / cap)).</summary>
    public abstract void SoftCap(float* dy, float* x, float cap, float* dx, long count, bool accumulate);

    /// <summary>Turns heads back by their positions; the table is prepared for all of them.</summary>
    public abstract void Rotary(float* dy, int* positions, RotaryTable table, int rows, int heads, float* dx, bool accumulate);

    /// <summary>
    /// The gradients of attention. <paramref name="dq"/> is set; <paramref name="dk"/> and <paramref name="dv"/>, of the shape of the
    /// segments' keys, are added to. All segments read the same keys and values.
    /// </summary>
    public abstract void Attention(
        float* dy, float* queries, ReadOnlySpan<AttentionSegment> segments, in AttentionOptions options, float* dq, float* dk, float* dv);

    /// <summary>table[ids[i]] += scale·dy[i].</summary>
    public abstract void Embedding(float* dy, int* ids, int count, int width, float scale, float* table);

    /// <summary>Puts the gradients of patches back to their places in the picture; every pixel is set.</summary>
    public abstract void Patches(float* dy, int pictures, int channels, int height, int width, int patch, float* dx);

    /// <summary>
    /// The loss of rows of logits and, in their place, its gradient; see <see cref="CrossEntropyOptions"/>.
    /// </summary>
    /// <param name="logits">[rows, columns]; become the gradients.</param>
    /// <param name="targets">The right column of each row.</param>
    /// <param name="weights">What each row's loss counts in the whole.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="columns">The columns.</param>
    /// <param name="options">Smoothing and cap.</param>
    /// <param name="losses">Receives each row's loss, not weighted.</param>
    public abstract void CrossEntropy(float* logits, int* targets, float* weights, int rows, int columns, in CrossEntropyOptions options, double* losses);
}

/// <summary>How a row of logits becomes a loss: −Σ target·log softmax(cap·tanh(logits / cap)).</summary>
/// <param name="OnTarget">The target of the right column.</param>
/// <param name="OffTarget">The target of every other column.</param>
/// <param name="SoftCap">The cap; 0 for none.</param>
internal readonly record struct CrossEntropyOptions(float OnTarget, float OffTarget, float SoftCap);
