using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>Sums over long rows: float32 within a block, float64 from block to block, so that the error does not grow with the length.</summary>
internal static unsafe class RowSums<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    private static int Block => 16 * TSimd.Count; // four additions to each lane of each accumulator

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

        for (; i < count; i++)
            total += x[i];
        return total;
    }

    /// <summary>Σ (x − centre)², the centre given as a float32 and what it lacks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double SumOfSquares(float* x, int count, float centreHigh, float centreLow)
    {
        TVector high = TSimd.Broadcast(centreHigh);
        TVector low = TSimd.Broadcast(centreLow);
        double total = 0;
        int i = 0;
        while (count - i >= Block)
        {
            TVector s0 = TSimd.Zero, s1 = TSimd.Zero, s2 = TSimd.Zero, s3 = TSimd.Zero;
            for (int end = i + Block; i < end; i += 4 * TSimd.Count)
            {
                TVector d0 = TSimd.Subtract(TSimd.Subtract(TSimd.Load(x + i), high), low);
                TVector d1 = TSimd.Subtract(TSimd.Subtract(TSimd.Load(x + i + TSimd.Count), high), low);
                TVector d2 = TSimd.Subtract(TSimd.Subtract(TSimd.Load(x + i + (2 * TSimd.Count)), high), low);
                TVector d3 = TSimd.Subtract(TSimd.Subtract(TSimd.Load(x + i + (3 * TSimd.Count)), high), low);
                s0 = TSimd.MultiplyAdd(d0, d0, s0);
                s1 = TSimd.MultiplyAdd(d1, d1, s1);
                s2 = TSimd.MultiplyAdd(d2, d2, s2);
                s3 = TSimd.MultiplyAdd(d3, d3, s3);
            }

            total += TSimd.Sum(TSimd.Add(TSimd.Add(s0, s1), TSimd.Add(s2, s3)));
        }

        for (; i < count; i++)
        {
            double difference = (double)x[i] - centreHigh - centreLow;
            total += difference * difference;
        }

        return total;
    }
}
