using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>x · (mean(x²) + ε)^−½ · (1 + w) for a range of rows.</summary>
internal unsafe struct RmsNormJob<TSimd, TVector> : IParallelJob
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public float* X;
    public float* Weight;
    public float* Y;
    public float Epsilon;
    public int Rows;
    public int Columns;
    public int Parts;

    public readonly void Execute(int part)
    {
        (long start, long end) = Partition.Range(part, Parts, Rows);
        for (long row = start; row < end; row++)
            Normalise(X + (row * Columns), Weight, Y + (row * Columns), Columns, Epsilon);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Normalise(float* x, float* weight, float* y, int columns, float epsilon)
    {
        double meanSquare = RowSums<TSimd, TVector>.SumOfSquares(x, columns) / columns;
        float factor = (float)(1 / Math.Sqrt(meanSquare + epsilon));
        TVector scale = TSimd.Broadcast(factor);
        TVector one = TSimd.Broadcast(1);
        int i = 0;
        for (; i <= columns - TSimd.Count; i += TSimd.Count)
            TSimd.Store(TSimd.Multiply(TSimd.Multiply(TSimd.Load(x + i), scale), TSimd.Add(one, TSimd.Load(weight + i))), y + i);
        for (; i < columns; i++)
            y[i] = x[i] * factor * (1 + weight[i]);
    }
}
