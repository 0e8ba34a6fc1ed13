using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.MatMul;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>Widens and scales rows of a table.</summary>
internal unsafe struct EmbeddingJob<TSimd, TVector, TElement> : IParallelJob
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TElement : struct, IWeightElement<TSimd, TVector>
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
        byte* rows = (byte*)Table;
        nint rowBytes = TElement.ByteCount(Width);
        for (long i = start; i < end; i++)
            Copy(rows + (Ids[i] * rowBytes), Y + (i * Width), Width, Scale);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Copy(void* row, float* y, int width, float factor)
    {
        TVector scale = TSimd.Broadcast(factor);
        int i = 0;
        for (; i <= width - TSimd.Count; i += TSimd.Count)
            TSimd.Store(TSimd.Multiply(scale, TElement.Load(row, i)), y + i);
        for (; i < width; i++)
            y[i] = factor * TElement.LoadOne(row, i);
    }
}
