using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Kernels;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Gradients;

/// <summary>
/// The loss of one row of logits, and its gradient in their place. With z = cap·tanh(x / cap), p = softmax(z) and targets q that sum to 1:
/// loss = log Σ eᶻ − Σ q·z, and dx = weight·(p − q)·(1 − (z / cap)²).
/// </summary>
internal unsafe struct CrossEntropyJob<TSimd, TVector> : IParallelJob
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    private const int Block = 1024; // elements summed in float32 before the float64 total

    public float* Logits;
    public int* Targets;
    public float* Weights;
    public double* Losses;
    public CrossEntropyOptions Options;
    public int Rows;
    public int Columns;

    public readonly void Execute(int part)
    {
        float* row = Logits + ((long)part * Columns);
        float cap = Options.SoftCap;
        if (cap > 0)
            Cap(row, Columns, cap);
        float maximum = Maximum(row, Columns, out double sum);
        double total = SumOfExponentials(row, Columns, maximum);
        double logTotal = maximum + Math.Log(total);
        float target = row[Targets[part]];
        Losses[part] = logTotal - ((Options.OnTarget - Options.OffTarget) * (double)target) - (Options.OffTarget * sum);

        float weight = Weights[part];
        Differentiate(row, Columns, maximum, (float)(weight / total), weight * Options.OffTarget, cap);
        float slope = cap > 0 ? 1 - (target / cap * (target / cap)) : 1;
        row[Targets[part]] -= weight * (Options.OnTarget - Options.OffTarget) * slope;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Cap(float* row, int count, float cap)
    {
        var function = new SoftCapOperator<TSimd, TVector>(cap);
        int i = 0;
        for (; i + TSimd.Count <= count; i += TSimd.Count)
            TSimd.Store(function.Invoke(TSimd.Load(row + i)), row + i);
        if (i < count)
            Partial<TSimd, TVector>.Store(function.Invoke(Partial<TSimd, TVector>.Load(row + i, count - i)), row + i, count - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Maximum(float* row, int count, out double sum)
    {
        float maximum = float.NegativeInfinity;
        sum = 0;
        int i = 0;
        TVector largest = TSimd.Broadcast(maximum);
        while (i + TSimd.Count <= count)
        {
            TVector partial = TSimd.Zero;
            for (int end = Math.Min(count, i + Block); i + TSimd.Count <= end; i += TSimd.Count)
            {
                TVector value = TSimd.Load(row + i);
                largest = TSimd.Max(largest, value);
                partial = TSimd.Add(partial, value);
            }

            sum += TSimd.Sum(partial);
        }

        maximum = TSimd.Maximum(largest);
        for (; i < count; i++)
        {
            maximum = Math.Max(maximum, row[i]);
            sum += row[i];
        }

        return maximum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double SumOfExponentials(float* row, int count, float maximum)
    {
        double total = 0;
        TVector shift = TSimd.Broadcast(maximum);
        int i = 0;
        while (i + TSimd.Count <= count)
        {
            TVector partial = TSimd.Zero;
            for (int end = Math.Min(count, i + Block); i + TSimd.Count <= end; i += TSimd.Count)
                partial = TSimd.Add(partial, VectorMath<TSimd, TVector>.ExpOfNonPositive(TSimd.Subtract(TSimd.Load(row + i), shift)));
            total += TSimd.Sum(partial);
        }

        for (; i < count; i++)
            total += Math.Exp((double)row[i] - maximum);
        return total;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Differentiate(float* row, int count, float maximum, float factor, float off, float cap)
    {
        TVector shift = TSimd.Broadcast(maximum);
        TVector scale = TSimd.Broadcast(factor);
        TVector rest = TSimd.Broadcast(off);
        TVector inverse = TSimd.Broadcast(cap > 0 ? 1 / cap : 0);
        TVector one = TSimd.Broadcast(1);
        int i = 0;
        for (; i + TSimd.Count <= count; i += TSimd.Count)
        {
            TVector z = TSimd.Load(row + i);
            TVector p = VectorMath<TSimd, TVector>.ExpOfNonPositive(TSimd.Subtract(z, shift));
            TVector gradient = TSimd.Subtract(TSimd.Multiply(p, scale), rest);
            TVector t = TSimd.Multiply(z, inverse);
            TSimd.Store(TSimd.Multiply(gradient, TSimd.Subtract(one, TSimd.Multiply(t, t))), row + i);
        }

        for (; i < count; i++)
        {
            float t = cap > 0 ? row[i] / cap : 0;
            row[i] = ((MathF.Exp(row[i] - maximum) * factor) - off) * (1 - (t * t));
        }
    }
}
