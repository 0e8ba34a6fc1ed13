using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>
/// Where the packed keys and values of one sequence lie. Every block of queries reads all of them, so they are brought once into the order
/// the tiles read: contiguous, keys transposed, padded with zeros to whole vectors.
/// </summary>
/// <remarks>
/// Keys: for each head, panels of <see cref="PanelWidth"/> positions, each [headSize, panel width].
/// Values: for each head, panels of <see cref="PanelWidth"/> columns (the last may be one vector wide), each [padded keys, width].
/// </remarks>
internal readonly unsafe struct PackedAttention
{
    public PackedAttention(int keyCount, int headSize, int lanes)
    {
        KeyCount = keyCount;
        HeadSize = headSize;
        Lanes = lanes;
        PaddedKeys = RoundUp(keyCount, PanelWidth);
        PaddedHead = RoundUp(headSize, lanes);
    }

    public float* Keys { get; init; }

    public float* Values { get; init; }

    public int KeyCount { get; }

    public int HeadSize { get; }

    public int Lanes { get; }

    public int PaddedKeys { get; }

    public int PaddedHead { get; }

    public int PanelWidth => 2 * Lanes;

    public int Panels => PaddedKeys / PanelWidth;

    public static int RoundUp(int value, int multiple) => checked((value + multiple - 1) / multiple * multiple);

    /// <summary>The keys from a position on, which begins a panel.</summary>
    public float* KeyPanel(int head, int position) => Keys + (((long)head * PaddedKeys) + position) * HeadSize;

    /// <summary>The values of a panel of columns, from a position on.</summary>
    public float* ValuePanel(int head, int column, int position) =>
        Values + ((long)head * PaddedKeys * PaddedHead) + ((long)column * PaddedKeys) + ((long)position * ValuePanelWidth(column));

    /// <summary>The width of the panel of columns that starts at a column.</summary>
    public int ValuePanelWidth(int column) => Math.Min(PanelWidth, PaddedHead - column);
}

/// <summary>Packs keys and values.</summary>
internal unsafe struct AttentionPackJob : IParallelJob
{
    public float* Keys;
    public float* Values;
    public long RowStride;
    public int Heads;
    public int Parts;
    public PackedAttention Packed;

    public readonly void Execute(int part)
    {
        (long start, long end) = Partition.Range(part, Parts, (long)Heads * Packed.Panels);
        for (long index = start; index < end; index++)
        {
            (long head, long panel) = Math.DivRem(index, Packed.Panels);
            int position = (int)panel * Packed.PanelWidth;
            PackKeys((int)head, position);
            PackValues((int)head, position);
        }
    }

    private readonly void PackKeys(int head, int position)
    {
        int width = Packed.PanelWidth;
        int count = Math.Min(width, Packed.KeyCount - position);
        float* panel = Packed.KeyPanel(head, position);
        if (count < width)
            new Span<float>(panel, width * Packed.HeadSize).Clear();
        for (int key = 0; key < count; key++)
        {
            float* source = Keys + ((position + key) * RowStride) + ((long)head * Packed.HeadSize);
            float* destination = panel + key;
            for (int i = 0; i < Packed.HeadSize; i++, destination += width)
                *destination = source[i];
        }
    }

    private readonly void PackValues(int head, int position)
    {
        int count = Math.Min(Packed.PanelWidth, Packed.KeyCount - position);
        for (int column = 0; column < Packed.PaddedHead; column += Packed.PanelWidth)
        {
            int width = Packed.ValuePanelWidth(column);
            int filled = Math.Min(width, Packed.HeadSize - column);
            float* destination = Packed.ValuePanel(head, column, position);
            if (count < Packed.PanelWidth || filled < width)
                new Span<float>(destination, Packed.PanelWidth * width).Clear();
            float* source = Values + (position * RowStride) + ((long)head * Packed.HeadSize) + column;
            for (int key = 0; key < count; key++, source += RowStride, destination += width)
                Buffer.MemoryCopy(source, destination, filled * sizeof(float), filled * sizeof(float));
        }
    }
}
