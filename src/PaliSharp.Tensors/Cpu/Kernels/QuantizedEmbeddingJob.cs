using PaliSharp.Tensors.Quantization;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>Widens and scales rows of a quantised table. A few rows for each prompt: nothing that a vector would speed up.</summary>
internal unsafe struct QuantizedEmbeddingJob : IParallelJob
{
    public int* Ids;
    public void* Table;
    public WeightType Type;
    public float* Y;
    public float Scale;
    public int Count;
    public int Width;
    public int Parts;

    public readonly void Execute(int part)
    {
        (long start, long end) = Partition.Range(part, Parts, Count);
        for (long i = start; i < end; i++)
        {
            var row = new Span<float>(Y + (i * Width), Width);
            QuantizedLayout.Dequantize(Type, Table, Width, Ids[i], 0, row);
            foreach (ref float value in row)
                value *= Scale;
        }
    }
}
