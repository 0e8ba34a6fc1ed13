using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>(x − mean) · (variance + ε)^−½ · scale + bias for a range of rows.</summary>
internal unsafe struct LayerNormJob<TSimd, TVector> : IParallelJob
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public float* X;
    public float* Scale;
    public float* Bias;
    public float* Y;
    public float Epsilon;
    public int Rows;
    public int Columns;
    public int Parts;

    public readonly void Execute(int part)
    {
        (long start, long end) = Partition.Range(part, Parts, Rows);
        for (long row = start; row < end; row++)
            Normalise(X + (row * Columns), Scale, Bias, Y + (row * Columns), Columns, Epsilon);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Normalise(float* x, float* scale, float* bias, float* y, int columns, float epsilon)
    {
        // Where the mean is far larger than the deviation, the rounding of its sum would show: the second pass, over differences
        // from a first estimate, corrects it. For the same reason the mean is applied as two floats.
        float estimate = (float)(RowSums<TSimd, TVector>.Sum(x, columns) / columns);
        (double sum, double sumOfSquares) = RowSums<TSimd, TVector>.Moments(x, columns, estimate);
        double correction = sum / columns;
        double variance = Math.Max(0, (sumOfSquares / columns) - (correction * correction));
        double mean = estimate + correction;
        float meanHigh = (float)mean;
        float meanLow = (float)(mean - meanHigh);
        float factor = (float)(1 / Math.Sqrt(variance + epsilon));
        TVector high = TSimd.Broadcast(meanHigh);
        TVector low = TSimd.Broadcast(meanLow);
        TVector deviation = TSimd.Broadcast(factor);
        int i = 0;
        for (; i <= columns - TSimd.Count; i += TSimd.Count)
        {
            TVector centred = TSimd.Subtract(TSimd.Subtract(TSimd.Load(x + i), high), low);
            TSimd.Store(TSimd.MultiplyAdd(TSimd.Multiply(centred, deviation), TSimd.Load(scale + i), TSimd.Load(bias + i)), y + i);
        }

        for (; i < columns; i++)
            y[i] = ((x[i] - meanHigh - meanLow) * factor * scale[i]) + bias[i];
    }
}
