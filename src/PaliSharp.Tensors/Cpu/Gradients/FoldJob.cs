using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Kernels;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Gradients;

/// <summary>target[i mod period] += scale·a[i], or a[i]·b[i], for a range of the target.</summary>
internal unsafe struct FoldJob<TSimd, TVector> : IParallelJob
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    /// <summary>Boundaries of ranges are multiples of it.</summary>
    public const int Granule = 16;

    private const int Strip = 4096; // floats of the target that stay in the L1 cache while all repetitions are added

    public float* A;
    public float* B;
    public float* Target;
    public long Count;
    public long Period;
    public float Scale;
    public int Parts;

    public readonly void Execute(int part)
    {
        (long start, long end) = Partition.Range(part, Parts, Period, Granule);
        for (long strip = start; strip < end; strip += Strip)
        {
            int length = (int)Math.Min(Strip, end - strip);
            for (long offset = strip; offset < Count; offset += Period)
            {
                if (B == null)
                    Add(A + offset, Scale, Target + strip, length);
                else
                    AddProduct(A + offset, B + offset, Target + strip, length);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(float* source, float scale, float* target, int count)
    {
        TVector factor = TSimd.Broadcast(scale);
        int i = 0;
        for (; i + TSimd.Count <= count; i += TSimd.Count)
            TSimd.Store(TSimd.MultiplyAdd(factor, TSimd.Load(source + i), TSimd.Load(target + i)), target + i);
        for (; i < count; i++)
            target[i] += scale * source[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddProduct(float* a, float* b, float* target, int count)
    {
        int i = 0;
        for (; i + TSimd.Count <= count; i += TSimd.Count)
            TSimd.Store(TSimd.MultiplyAdd(TSimd.Load(a + i), TSimd.Load(b + i), TSimd.Load(target + i)), target + i);
        for (; i < count; i++)
            target[i] += a[i] * b[i];
    }
}

/// <summary>target[row, column] = or += a[row, column]·weight[column] for a range of rows.</summary>
internal unsafe struct MultiplyGradientJob<TSimd, TVector> : IParallelJob
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public float* A;
    public float* Weight;
    public float* Target;
    public long Rows;
    public int Period;
    public bool Accumulate;
    public int Parts;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Execute(int part)
    {
        (long start, long end) = Partition.Range(part, Parts, Rows);
        for (long row = start; row < end; row++)
        {
            float* a = A + (row * Period);
            float* target = Target + (row * Period);
            int i = 0;
            for (; i + TSimd.Count <= Period; i += TSimd.Count)
            {
                TVector product = TSimd.Multiply(TSimd.Load(a + i), TSimd.Load(Weight + i));
                TSimd.Store(Accumulate ? TSimd.Add(TSimd.Load(target + i), product) : product, target + i);
            }

            for (; i < Period; i++)
                target[i] = (Accumulate ? target[i] : 0) + (a[i] * Weight[i]);
        }
    }
}
