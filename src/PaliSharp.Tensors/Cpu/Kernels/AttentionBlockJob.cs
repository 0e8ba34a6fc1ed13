using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>
/// Attention of many queries of one sequence. The unit of work is a block of queries with all query heads that share a key head: it passes
/// over the keys in blocks that stay in the cache, so that logits never leave it, and carries softmax and result from block to block.
/// </summary>
internal unsafe struct AttentionBlockJob<TSimd, TVector> : IParallelJob
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    private const int TargetRows = 8 * 6; // rows of a unit: enough arithmetic for each key and value read
    private const int TargetKeys = 256; // logits of a unit and a panel of values fit the nearest caches

    public AttentionSegment Segment;
    public AttentionOptions Options;
    public PackedAttention Packed;
    public float* Queries;
    public float* Result;
    public float* Scratch;
    private int _next;

    private readonly int Group => Options.QueryHeads / Options.KeyValueHeads;

    private readonly int BlockQueries => Math.Clamp(TargetRows / Group, 1, Segment.QueryCount);

    private readonly int Blocks => (Segment.QueryCount + BlockQueries - 1) / BlockQueries;

    private readonly int PaddedRows => PackedAttention.RoundUp(BlockQueries * Group, ProductTile<TSimd, TVector>.Rows);

    private readonly int BlockKeys => Math.Max(1, TargetKeys / Packed.PanelWidth) * Packed.PanelWidth;

    /// <summary>The number of units of work; threads take the next as they become free, for masks make them unequal.</summary>
    public readonly long Units => (long)Blocks * Options.KeyValueHeads;

    /// <summary>The floats of scratch memory that each part needs.</summary>
    public readonly int ScratchLength => checked(PackedAttention.RoundUp(PaddedRows * Options.HeadSize, 16)
        + (PaddedRows * (BlockKeys + Packed.PaddedHead + 2)) + 64);

    public void Execute(int part)
    {
        float* scratch = Scratch + ((long)part * ScratchLength);
        long units = Units;
        for (long unit = Interlocked.Increment(ref _next) - 1; unit < units; unit = Interlocked.Increment(ref _next) - 1)
        {
            (long head, long block) = Math.DivRem(unit, Blocks);
            int first = (int)block * BlockQueries;
            Attend((int)head, first, Math.Min(BlockQueries, Segment.QueryCount - first), scratch);
        }
    }

    private readonly void Attend(int head, int firstQuery, int queryCount, float* scratch)
    {
        int rows = queryCount * Group;
        int paddedRows = PackedAttention.RoundUp(rows, ProductTile<TSimd, TVector>.Rows);
        float* queries = scratch;
        float* logits = queries + PackedAttention.RoundUp(paddedRows * Options.HeadSize, 16);
        float* sums = logits + ((long)paddedRows * BlockKeys);
        float* maxima = sums + ((long)paddedRows * Packed.PaddedHead);
        float* totals = maxima + paddedRows;
        LoadQueries(head, firstQuery, queryCount, queries, paddedRows);
        new Span<float>(sums, paddedRows * Packed.PaddedHead).Clear();
        new Span<float>(maxima, paddedRows).Fill(float.NegativeInfinity);
        new Span<float>(totals, paddedRows).Clear();

        (int start, int end) = VisibleKeys(firstQuery, queryCount);
        start -= start % Packed.PanelWidth;
        for (int position = start; position < end; position += BlockKeys)
        {
            int width = Math.Min(BlockKeys, PackedAttention.RoundUp(end - position, Packed.PanelWidth));
            MultiplyKeys(head, position, width, queries, logits, paddedRows);
            for (int row = 0; row < paddedRows; row++)
                Weigh(row, rows, firstQuery + (row / Group), position, width, logits, sums, maxima, totals);
            MultiplyValues(head, position, width, logits, sums, paddedRows);
        }

        StoreResult(head, firstQuery, rows, sums, totals);
    }

    /// <summary>Gathers the queries of all heads of the group, scaled, query by query so that rows with equal masks are neighbours.</summary>
    private readonly void LoadQueries(int head, int firstQuery, int queryCount, float* queries, int paddedRows)
    {
        int headSize = Options.HeadSize;
        int rows = queryCount * Group;
        for (int row = 0; row < rows; row++)
        {
            float* source = Queries + ((((long)firstQuery + (row / Group)) * Options.QueryHeads) + (head * Group) + (row % Group)) * headSize;
            float* destination = queries + ((long)row * headSize);
            for (int i = 0; i < headSize; i++)
                destination[i] = source[i] * Options.Scale;
        }

        new Span<float>(queries + ((long)rows * headSize), (paddedRows - rows) * headSize).Clear();
    }

    /// <summary>The smallest run that holds all keys visible to some query of the block.</summary>
    private readonly (int Start, int End) VisibleKeys(int firstQuery, int queryCount)
    {
        int start = int.MaxValue;
        int end = 0;
        for (int query = firstQuery; query < firstQuery + queryCount; query++)
        {
            (int first, int last) = Segment.VisibleKeys(query, Options.Window);
            if (first >= last)
                continue;
            start = Math.Min(start, first);
            end = Math.Max(end, last);
        }

        return start < end ? (start, end) : (0, 0);
    }

    private readonly void MultiplyKeys(int head, int position, int width, float* queries, float* logits, int paddedRows)
    {
        for (int panel = 0; panel < width; panel += Packed.PanelWidth)
        {
            float* keys = Packed.KeyPanel(head, position + panel);
            for (int row = 0; row < paddedRows; row += ProductTile<TSimd, TVector>.Rows)
            {
                ProductTile<TSimd, TVector>.TwoVectors(
                    queries + ((long)row * Options.HeadSize),
                    Options.HeadSize,
                    keys,
                    Options.HeadSize,
                    logits + ((long)row * BlockKeys) + panel,
                    BlockKeys,
                    accumulate: false);
            }
        }
    }

    private readonly void Weigh(int row, int rows, int query, int position, int width, float* logits, float* sums, float* maxima, float* totals)
    {
        float* rowLogits = logits + ((long)row * BlockKeys);
        (int start, int end) = row < rows ? Segment.VisibleKeys(query, Options.Window) : (0, 0);
        start = Math.Max(start - position, 0);
        end = Math.Min(end - position, width);
        if (start >= end)
        {
            new Span<float>(rowLogits, width).Clear();
            return;
        }

        float factor = OnlineSoftmax<TSimd, TVector>.Update(rowLogits, start, end, width, Options.SoftCap, ref maxima[row], ref totals[row]);
        if (factor != 1)
            OnlineSoftmax<TSimd, TVector>.Scale(sums + ((long)row * Packed.PaddedHead), Packed.PaddedHead, factor);
    }

    private readonly void MultiplyValues(int head, int position, int width, float* weights, float* sums, int paddedRows)
    {
        for (int column = 0; column < Packed.PaddedHead; column += Packed.PanelWidth)
        {
            float* values = Packed.ValuePanel(head, column, position);
            bool twoVectors = Packed.ValuePanelWidth(column) == Packed.PanelWidth;
            for (int row = 0; row < paddedRows; row += ProductTile<TSimd, TVector>.Rows)
            {
                float* a = weights + ((long)row * BlockKeys);
                float* c = sums + ((long)row * Packed.PaddedHead) + column;
                if (twoVectors)
                    ProductTile<TSimd, TVector>.TwoVectors(a, BlockKeys, values, width, c, Packed.PaddedHead, accumulate: true);
                else
                    ProductTile<TSimd, TVector>.OneVector(a, BlockKeys, values, width, c, Packed.PaddedHead, accumulate: true);
            }
        }
    }

    private readonly void StoreResult(int head, int firstQuery, int rows, float* sums, float* totals)
    {
        int headSize = Options.HeadSize;
        for (int row = 0; row < rows; row++)
        {
            float* source = sums + ((long)row * Packed.PaddedHead);
            float* destination = Result + ((((long)firstQuery + (row / Group)) * Options.QueryHeads) + (head * Group) + (row % Group)) * headSize;
            float factor = totals[row] == 0 ? 0 : 1 / totals[row]; // no visible key: zeros
            for (int i = 0; i < headSize; i++)
                destination[i] = source[i] * factor;
        }
    }
}
