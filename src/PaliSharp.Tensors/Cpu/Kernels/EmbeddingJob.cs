using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>Widens and scales rows of a table.</summary>
internal unsafe struct EmbeddingJob<TSimd, TVector, TSource> : IParallelJob
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TSource : struct, IWidening<TVector>
{
    public int* Ids;
    public void* Table;
    public float* Y;
    public float Scale;
    public int Count;
    public int Width;
    public int Parts;

    public readonly void Execute(int part)
    {
        (long start, long end) = Partition.Range(part, Parts, Count);
        for (long i = start; i < end; i++)
            Copy(Table, (long)Ids[i] * Width, Y + (i * Width), Width, Scale);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Copy(void* table, long offset, float* y, int width, float factor)
    {
        TVector scale = TSimd.Broadcast(factor);
        int i = 0;
        for (; i <= width - TSimd.Count; i += TSimd.Count)
            TSimd.Store(TSimd.Multiply(scale, TSource.Load(table, offset + i)), y + i);
        for (; i < width; i++)
            y[i] = factor * TSource.Read(table, offset + i);
    }
}
