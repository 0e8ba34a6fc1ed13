using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>
/// Softmax of rows that arrive in blocks: each block is taken relative to the largest logit so far, and what was summed before
/// is scaled down when a later block brings a larger one.
/// </summary>
internal static unsafe class OnlineSoftmax<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    /// <summary>Turns the logits of one row and block into e^(logit − maximum), zero outside the visible run.</summary>
    /// <param name="logits">[width]; logits in the visible run, any numbers elsewhere.</param>
    /// <param name="start">The first visible logit.</param>
    /// <param name="end">The one after the last; more than <paramref name="start"/>.</param>
    /// <param name="width">A multiple of the vector's length.</param>
    /// <param name="softCap">Caps the logits first; 0 for none.</param>
    /// <param name="maximum">The largest logit so far, −∞ before the first block.</param>
    /// <param name="sum">The sum of the exponentials so far, relative to <paramref name="maximum"/>.</param>
    /// <returns>The factor for what was accumulated with the weights of earlier blocks; 1 if the maximum stays.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Update(float* logits, int start, int end, int width, float softCap, ref float maximum, ref float sum)
    {
        if (softCap > 0)
            Cap(logits, width, softCap);
        for (int i = 0; i < start; i++)
            logits[i] = float.NegativeInfinity;
        for (int i = end; i < width; i++)
            logits[i] = float.NegativeInfinity;
        TVector largest = TSimd.Load(logits);
        for (int i = TSimd.Count; i < width; i += TSimd.Count)
            largest = TSimd.Max(largest, TSimd.Load(logits + i));
        float before = maximum;
        maximum = Math.Max(before, TSimd.Maximum(largest));

        TVector shift = TSimd.Broadcast(maximum);
        TVector total = TSimd.Zero;
        for (int i = 0; i < width; i += TSimd.Count)
        {
            TVector weight = VectorMath<TSimd, TVector>.ExpOfNonPositive(TSimd.Subtract(TSimd.Load(logits + i), shift));
            total = TSimd.Add(total, weight);
            TSimd.Store(weight, logits + i);
        }

        // What cannot be seen came out as 1e-38, which no sum of at least 1 notices; its weight must be zero all the same.
        new Span<float>(logits, start).Clear();
        new Span<float>(logits + end, width - end).Clear();
        float factor = maximum == before ? 1 : MathF.Exp(before - maximum);
        sum = (sum * factor) + TSimd.Sum(total);
        return factor;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Cap(float* logits, int width, float softCap)
    {
        var function = new SoftCapOperator<TSimd, TVector>(softCap);
        for (int i = 0; i < width; i += TSimd.Count)
            TSimd.Store(function.Invoke(TSimd.Load(logits + i)), logits + i);
    }

    /// <summary>row[i] *= factor.</summary>
    /// <param name="row">[width].</param>
    /// <param name="width">A multiple of the vector's length.</param>
    /// <param name="factor">The factor.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale(float* row, int width, float factor)
    {
        TVector scale = TSimd.Broadcast(factor);
        for (int i = 0; i < width; i += TSimd.Count)
            TSimd.Store(TSimd.Multiply(scale, TSimd.Load(row + i)), row + i);
    }
}
