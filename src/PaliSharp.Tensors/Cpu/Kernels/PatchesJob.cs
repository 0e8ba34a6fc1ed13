namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>Copies patches of pictures into rows.</summary>
internal unsafe struct PatchesJob : IParallelJob
{
    public float* Pixels;
    public float* Y;
    public int Pictures;
    public int Channels;
    public int Height;
    public int Width;
    public int Patch;
    public int Parts;

    public readonly void Execute(int part)
    {
        long gridColumns = Width / Patch;
        long gridCells = Height / Patch * gridColumns;
        long rowBytes = (long)Patch * sizeof(float);
        (long start, long end) = Partition.Range(part, Parts, Pictures * gridCells);
        float* destination = Y + (start * Channels * Patch * Patch);
        for (long index = start; index < end; index++)
        {
            (long picture, long cell) = Math.DivRem(index, gridCells);
            (long top, long left) = Math.DivRem(cell, gridColumns);
            for (int channel = 0; channel < Channels; channel++)
            {
                float* source = Pixels + (((((picture * Channels) + channel) * Height) + (top * Patch)) * Width) + (left * Patch);
                for (int row = 0; row < Patch; row++, source += Width, destination += Patch)
                    Buffer.MemoryCopy(source, destination, rowBytes, rowBytes);
            }
        }
    }
}
