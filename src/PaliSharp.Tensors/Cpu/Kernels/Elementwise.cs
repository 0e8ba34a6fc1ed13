using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>A function of one element, applied to a vector of them. An instance carries the function's parameters.</summary>
internal interface IUnaryOperator<TVector>
    where TVector : struct
{
    TVector Invoke(TVector x);
}

/// <summary>A function of two elements, applied to vectors of them. An instance carries the function's parameters.</summary>
internal interface IBinaryOperator<TVector>
    where TVector : struct
{
    TVector Invoke(TVector a, TVector b);
}

/// <summary>Drives operators over arrays in parallel. The result must not overlap the operands.</summary>
internal static unsafe class Elementwise<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    private const int Granule = 16; // floats in a cache line

    /// <summary>y[i] = f(x[i]).</summary>
    public static void Unary<TOperator>(ThreadTeam team, TOperator function, float* x, float* y, long count)
        where TOperator : struct, IUnaryOperator<TVector>
    {
        var job = new UnaryJob<TOperator>
        {
            Function = function,
            X = x,
            Y = y,
            Count = count,
            Parts = Partition.Parts(team, count, Partition.ArithmeticGrain),
        };
        team.Run(ref job, job.Parts);
    }

    /// <summary>y[i] = f(a[i], b[i mod period]): with a period below the count, b repeats.</summary>
    public static void Binary<TOperator>(ThreadTeam team, TOperator function, float* a, float* b, long period, float* y, long count, int grain)
        where TOperator : struct, IBinaryOperator<TVector>
    {
        var job = new BinaryJob<TOperator>
        {
            Function = function,
            A = a,
            B = b,
            Period = period,
            Y = y,
            Count = count,
            Parts = Partition.Parts(team, count, grain),
        };
        team.Run(ref job, job.Parts);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Map<TOperator>(ref TOperator function, float* x, float* y, long count)
        where TOperator : struct, IUnaryOperator<TVector>
    {
        TOperator f = function;
        long i = 0;
        for (; i <= count - TSimd.Count; i += TSimd.Count)
            TSimd.Store(f.Invoke(TSimd.Load(x + i)), y + i);
        if (i == count)
            return;
        if (count >= TSimd.Count)
        {
            i = count - TSimd.Count; // once more over elements already done: no special case for the rest
            TSimd.Store(f.Invoke(TSimd.Load(x + i)), y + i);
        }
        else
        {
            int rest = (int)count;
            Partial<TSimd, TVector>.Store(f.Invoke(Partial<TSimd, TVector>.Load(x, rest)), y, rest);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Map<TOperator>(ref TOperator function, float* a, float* b, float* y, long count)
        where TOperator : struct, IBinaryOperator<TVector>
    {
        TOperator f = function;
        long i = 0;
        for (; i <= count - TSimd.Count; i += TSimd.Count)
            TSimd.Store(f.Invoke(TSimd.Load(a + i), TSimd.Load(b + i)), y + i);
        if (i == count)
            return;
        if (count >= TSimd.Count)
        {
            i = count - TSimd.Count;
            TSimd.Store(f.Invoke(TSimd.Load(a + i), TSimd.Load(b + i)), y + i);
        }
        else
        {
            int rest = (int)count;
            TVector value = f.Invoke(Partial<TSimd, TVector>.Load(a, rest), Partial<TSimd, TVector>.Load(b, rest));
            Partial<TSimd, TVector>.Store(value, y, rest);
        }
    }

    private struct UnaryJob<TOperator> : IParallelJob
        where TOperator : struct, IUnaryOperator<TVector>
    {
        public TOperator Function;
        public float* X;
        public float* Y;
        public long Count;
        public int Parts;

        public void Execute(int part)
        {
            (long start, long end) = Partition.Range(part, Parts, Count, Granule);
            Map(ref Function, X + start, Y + start, end - start);
        }
    }

    private struct BinaryJob<TOperator> : IParallelJob
        where TOperator : struct, IBinaryOperator<TVector>
    {
        public TOperator Function;
        public float* A;
        public float* B;
        public long Period;
        public float* Y;
        public long Count;
        public int Parts;

        public void Execute(int part)
        {
            (long start, long end) = Partition.Range(part, Parts, Count, Granule);
            while (start < end)
            {
                long offset = start % Period;
                long length = Math.Min(end - start, Period - offset);
                Map(ref Function, A + start, B + offset, Y + start, length);
                start += length;
            }
        }
    }
}
