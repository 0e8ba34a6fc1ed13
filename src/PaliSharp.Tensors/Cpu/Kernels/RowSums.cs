using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>Sums over long rows: float32 within a block and within the vectors after the last one, float64 from block to block, so that the error does not grow with the length.</summary>
internal static unsafe class RowSums<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    private static int Block => 16 * TSimd.Count; // few additions to each lane of each accumulator

    /// <summary>Σ x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Sum(float* x, int count)
    {
        double total = 0;
        int i = 0;
        while (count - i >= Block)
        {
            TVector s0 = TSimd.Zero, s1 = TSimd.Zero, s2 = TSimd.Zero, s3 = TSimd.Zero;
            for (int end = i + Block; i < end; i += 4 * TSimd.Count)
            {
                s0 = TSimd.Add(s0, TSimd.Load(x + i));
                s1 = TSimd.Add(s1, TSimd.Load(x + i + TSimd.Count));
                s2 = TSimd.Add(s2, TSimd.Load(x + i + (2 * TSimd.Count)));
                s3 = TSimd.Add(s3, TSimd.Load(x + i + (3 * TSimd.Count)));
            }

            total += TSimd.Sum(TSimd.Add(TSimd.Add(s0, s1), TSimd.Add(s2, s3)));
        }

        TVector rest = TSimd.Zero;
        for (; count - i >= TSimd.Count; i += TSimd.Count)
            rest = TSimd.Add(rest, TSimd.Load(x + i));
        total += TSimd.Sum(rest);
        for (; i < count; i++)
            total += x[i];
        return total;
    }

    /// <summary>Σ x².</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double SumOfSquares(float* x, int count)
    {
        double total = 0;
        int i = 0;
        while (count - i >= Block)
        {
            TVector s0 = TSimd.Zero, s1 = TSimd.Zero, s2 = TSimd.Zero, s3 = TSimd.Zero;
            for (int end = i + Block; i < end; i += 4 * TSimd.Count)
            {
                TVector x0 = TSimd.Load(x + i);
                TVector x1 = TSimd.Load(x + i + TSimd.Count);
                TVector x2 = TSimd.Load(x + i + (2 * TSimd.Count));
                TVector x3 = TSimd.Load(x + i + (3 * TSimd.Count));
                s0 = TSimd.MultiplyAdd(x0, x0, s0);
                s1 = TSimd.MultiplyAdd(x1, x1, s1);
                s2 = TSimd.MultiplyAdd(x2, x2, s2);
                s3 = TSimd.MultiplyAdd(x3, x3, s3);
            }

            total += TSimd.Sum(TSimd.Add(TSimd.Add(s0, s1), TSimd.Add(s2, s3)));
        }

        TVector rest = TSimd.Zero;
        for (; count - i >= TSimd.Count; i += TSimd.Count)
        {
            TVector value = TSimd.Load(x + i);
            rest = TSimd.MultiplyAdd(value, value, rest);
        }

        total += TSimd.Sum(rest);
        for (; i < count; i++)
            total += (double)x[i] * x[i];
        return total;
    }

    /// <summary>Σ d and Σ d² of the differences d = x − centre.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static (double Sum, double SumOfSquares) Moments(float* x, int count, float centre)
    {
        TVector shift = TSimd.Broadcast(centre);
        double first = 0;
        double second = 0;
        int i = 0;
        while (count - i >= Block)
        {
            TVector s0 = TSimd.Zero, s1 = TSimd.Zero, q0 = TSimd.Zero, q1 = TSimd.Zero;
            for (int end = i + Block; i < end; i += 2 * TSimd.Count)
            {
                TVector d0 = TSimd.Subtract(TSimd.Load(x + i), shift);
                TVector d1 = TSimd.Subtract(TSimd.Load(x + i + TSimd.Count), shift);
                s0 = TSimd.Add(s0, d0);
                s1 = TSimd.Add(s1, d1);
                q0 = TSimd.MultiplyAdd(d0, d0, q0);
                q1 = TSimd.MultiplyAdd(d1, d1, q1);
            }

            first += TSimd.Sum(TSimd.Add(s0, s1));
            second += TSimd.Sum(TSimd.Add(q0, q1));
        }

        TVector rest = TSimd.Zero;
        TVector squares = TSimd.Zero;
        for (; count - i >= TSimd.Count; i += TSimd.Count)
        {
            TVector difference = TSimd.Subtract(TSimd.Load(x + i), shift);
            rest = TSimd.Add(rest, difference);
            squares = TSimd.MultiplyAdd(difference, difference, squares);
        }

        first += TSimd.Sum(rest);
        second += TSimd.Sum(squares);
        for (; i < count; i++)
        {
            double difference = (double)x[i] - centre;
            first += difference;
            second += difference * difference;
        }

        return (first, second);
    }
}
