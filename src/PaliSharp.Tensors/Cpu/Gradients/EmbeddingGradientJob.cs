using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Kernels;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Gradients;

/// <summary>table[ids[i]] += scale·dy[i] for a range of columns: an id may occur often, a column belongs to one thread.</summary>
internal unsafe struct EmbeddingGradientJob<TSimd, TVector> : IParallelJob
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public float* Dy;
    public int* Ids;
    public float* Table;
    public int Count;
    public int Width;
    public float Scale;
    public int Parts;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Execute(int part)
    {
        (long start, long end) = Partition.Range(part, Parts, Width, 16);
        TVector factor = TSimd.Broadcast(Scale);
        for (int row = 0; row < Count; row++)
        {
            float* source = Dy + ((long)row * Width);
            float* target = Table + ((long)Ids[row] * Width);
            long i = start;
            for (; i + TSimd.Count <= end; i += TSimd.Count)
                TSimd.Store(TSimd.MultiplyAdd(factor, TSimd.Load(source + i), TSimd.Load(target + i)), target + i);
            for (; i < end; i++)
                target[i] += Scale * source[i];
        }
    }
}
