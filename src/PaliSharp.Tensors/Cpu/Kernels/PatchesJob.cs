namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>Copies patches of pictures into rows.</summary>
internal unsafe struct PatchesJob : IParallelJob
{
    public float* Pixels;
    public float* Y;
    public int Pictures;
    public int Channels;
    public int Size;
    public int Patch;
    public int Parts;

    public readonly void Execute(int part)
    {
        int grid = Size / Patch;
        long rowBytes = (long)Patch * sizeof(float);
        (long start, long end) = Partition.Range(part, Parts, (long)Pictures * grid * grid);
        float* destination = Y + (start * Channels * Patch * Patch);
        for (long index = start; index < end; index++)
        {
            (long picture, long cell) = Math.DivRem(index, (long)grid * grid);
            (long top, long left) = Math.DivRem(cell, grid);
            for (int channel = 0; channel < Channels; channel++)
            {
                float* source = Pixels + ((((picture * Channels) + channel) * Size) + (top * Patch)) * Size + (left * Patch);
                for (int row = 0; row < Patch; row++, source += Size, destination += Patch)
                    Buffer.MemoryCopy(source, destination, rowBytes, rowBytes);
            }
        }
    }
}
