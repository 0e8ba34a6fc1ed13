using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Kernels;
using PaliSharp.Tensors.Cpu.MatMul;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.Gradients;

/// <summary>
/// The gradients of one query head of one sequence. Blocks of queries pass over the visible keys; of each block the weights P are computed
/// anew, never those of all queries. With S = scale·Q·Kᵀ: dP = dO·Vᵀ, dS = P·(dP − Σ P·dP)·(derivative of the cap),
/// dQ = scale·dS·K, dKᵀ += scale·Qᵀ·dS, dVᵀ += dOᵀ·P.
/// </summary>
/// <remarks>
/// Everything with one column for each key is kept in panels of two vectors of keys, <c>[panel][row][two vectors]</c>: so the results of one
/// product are the packed operands of the next.
/// </remarks>
internal unsafe struct AttentionGradientJob<TSimd, TVector> : IParallelJob
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    private const int BlockQueries = 48; // a multiple of the tile's rows

    public AttentionSegment[] Segments;
    public AttentionOptions Options;
    public float* Queries;
    public float* Dy;
    public float* Dq;
    public float* Dk; // [keys of all segments, query heads · head size]
    public float* Dv;
    public TensorPool Pool;

    private static int Lanes => 2 * TSimd.Count;

    public readonly void Execute(int part)
    {
        (int index, int head) = Math.DivRem(part, Options.QueryHeads);
        long firstKey = 0;
        for (int i = 0; i < index; i++)
            firstKey += Segments[i].KeyCount;
        AttentionSegment segment = Segments[index];
        int keys = RoundUp(segment.KeyCount, Lanes);
        int size = Options.HeadSize;
        int paddedSize = RoundUp(size, ProductTile<TSimd, TVector>.Rows);
        int paddedColumns = RoundUp(size, TSimd.Count);
        long length = ((long)keys * ((2 * size) + (2 * paddedSize) + paddedColumns))
            + ((long)BlockQueries * ((3L * keys) + (2 * size) + (2 * paddedSize) + paddedColumns)) + (2 * BlockQueries);
        using Tensor memory = Pool.Rent(new TensorShape(checked((int)length)));
        var scratch = new Scratch(memory.Pointer, keys, size, paddedSize, paddedColumns);

        int keyHead = head / (Options.QueryHeads / Options.KeyValueHeads);
        long keyStride = (long)Options.KeyValueHeads * size;
        long keyOffset = (segment.KeyStart * keyStride) + ((long)keyHead * size);
        float* keyRows = segment.Keys.Pointer + keyOffset;
        PackTransposed(keyRows, keyStride, segment.KeyCount, keys, scratch.KeysTransposed);
        PackTransposed(segment.Values.Pointer + keyOffset, keyStride, segment.KeyCount, keys, scratch.ValuesTransposed);
        PackRows(keyRows, keyStride, segment.KeyCount, keys, paddedColumns, scratch.Keys);
        new Span<float>(scratch.Dk, keys * paddedSize).Clear();
        new Span<float>(scratch.Dv, keys * paddedSize).Clear();

        for (int query = 0; query < segment.QueryCount; query += BlockQueries)
            Differentiate(segment, head, query, Math.Min(BlockQueries, segment.QueryCount - query), scratch);

        long target = (firstKey * Options.QueryHeads * size) + ((long)head * size);
        Unpack(scratch.Dk, segment.KeyCount, paddedSize, Dk + target);
        Unpack(scratch.Dv, segment.KeyCount, paddedSize, Dv + target);
    }

    private readonly void Differentiate(in AttentionSegment segment, int head, int firstQuery, int count, in Scratch scratch)
    {
        int size = Options.HeadSize;
        int rowStride = Options.QueryHeads * size;
        long offset = (((long)segment.QueryStart + firstQuery) * rowStride) + ((long)head * size);
        int rows = RoundUp(count, ProductTile<TSimd, TVector>.Rows);
        LoadBlock(Queries + offset, rowStride, count, rows, Options.Scale, scratch.Queries, scratch.QueriesTransposed, scratch.PaddedSize);
        LoadBlock(Dy + offset, rowStride, count, rows, 1, scratch.Outputs, scratch.OutputsTransposed, scratch.PaddedSize);
        (int start, int end) = VisibleKeys(segment, firstQuery, count);
        start -= start % Lanes;
        end = RoundUp(end, Lanes);

        for (int key = start; key < end; key += Lanes)
        {
            float* logits = scratch.Weights + ((long)key * BlockQueries);
            float* products = scratch.Products + ((long)key * BlockQueries);
            for (int row = 0; row < rows; row += ProductTile<TSimd, TVector>.Rows)
            {
                ProductTile<TSimd, TVector>.TwoVectors(
                    scratch.Queries + (row * size), size, scratch.KeysTransposed + ((long)key * size), size, logits + (row * Lanes), Lanes, accumulate: false);
                ProductTile<TSimd, TVector>.TwoVectors(
                    scratch.Outputs + (row * size), size, scratch.ValuesTransposed + ((long)key * size), size, products + (row * Lanes), Lanes, accumulate: false);
            }
        }

        for (int row = 0; row < rows; row++)
        {
            (int first, int last) = row < count ? segment.VisibleKeys(firstQuery + row, Options.Window) : (0, 0);
            DifferentiateSoftmax(scratch, row, start, end, first, last);
        }

        Accumulate(scratch, start, end, rows);
        StoreQueries(scratch, count, Dq + offset, rowStride);
    }

    /// <summary>Turns a row's logits into weights, and its products dO·Vᵀ into the gradients of the logits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void DifferentiateSoftmax(in Scratch scratch, int row, int start, int end, int first, int last)
    {
        float* logits = scratch.Weights + (row * Lanes);
        float* products = scratch.Products + (row * Lanes);
        float* slopes = scratch.Slopes + (row * Lanes);
        if (first >= last)
        {
            for (int key = start; key < end; key += Lanes)
            {
                new Span<float>(logits + ((long)key * BlockQueries), Lanes).Clear();
                new Span<float>(products + ((long)key * BlockQueries), Lanes).Clear();
            }

            return;
        }

        float cap = Options.SoftCap;
        var function = new SoftCapOperator<TSimd, TVector>(cap > 0 ? cap : 1);
        TVector inverse = TSimd.Broadcast(cap > 0 ? 1 / cap : 0);
        TVector one = TSimd.Broadcast(1);
        TVector largest = TSimd.Broadcast(float.NegativeInfinity);
        for (int key = start; key < end; key += Lanes)
        {
            long panel = (long)key * BlockQueries;
            for (int i = 0; i < Lanes; i += TSimd.Count)
            {
                TVector value = TSimd.Load(logits + panel + i);
                if (cap > 0)
                {
                    value = function.Invoke(value);
                    TVector t = TSimd.Multiply(value, inverse);
                    TSimd.Store(TSimd.Subtract(one, TSimd.Multiply(t, t)), slopes + panel + i);
                    TSimd.Store(value, logits + panel + i);
                }
            }

            Hide(logits + panel, key, first, last);
            for (int i = 0; i < Lanes; i += TSimd.Count)
                largest = TSimd.Max(largest, TSimd.Load(logits + panel + i));
        }

        TVector shift = TSimd.Broadcast(TSimd.Maximum(largest));
        TVector total = TSimd.Zero;
        TVector dot = TSimd.Zero;
        for (int key = start; key < end; key += Lanes)
        {
            long panel = (long)key * BlockQueries;
            for (int i = 0; i < Lanes; i += TSimd.Count)
            {
                TVector weight = VectorMath<TSimd, TVector>.ExpOfNonPositive(TSimd.Subtract(TSimd.Load(logits + panel + i), shift));
                TSimd.Store(weight, logits + panel + i);
            }

            Clear(logits + panel, key, first, last);
            for (int i = 0; i < Lanes; i += TSimd.Count)
            {
                TVector weight = TSimd.Load(logits + panel + i);
                total = TSimd.Add(total, weight);
                dot = TSimd.MultiplyAdd(weight, TSimd.Load(products + panel + i), dot);
            }
        }

        float factor = 1 / TSimd.Sum(total);
        TVector normalise = TSimd.Broadcast(factor);
        TVector delta = TSimd.Broadcast(TSimd.Sum(dot) * factor);
        for (int key = start; key < end; key += Lanes)
        {
            long panel = (long)key * BlockQueries;
            for (int i = 0; i < Lanes; i += TSimd.Count)
            {
                TVector weight = TSimd.Multiply(TSimd.Load(logits + panel + i), normalise);
                TSimd.Store(weight, logits + panel + i);
                TVector gradient = TSimd.Multiply(weight, TSimd.Subtract(TSimd.Load(products + panel + i), delta));
                if (cap > 0)
                    gradient = TSimd.Multiply(gradient, TSimd.Load(slopes + panel + i));
                TSimd.Store(gradient, products + panel + i);
            }
        }
    }

    private static void Hide(float* panel, int key, int first, int last)
    {
        for (int i = 0; i < Lanes; i++)
        {
            if (key + i < first || key + i >= last)
                panel[i] = float.NegativeInfinity;
        }
    }

    private static void Clear(float* panel, int key, int first, int last)
    {
        for (int i = 0; i < Lanes; i++)
        {
            if (key + i < first || key + i >= last)
                panel[i] = 0;
        }
    }

    private static void Accumulate(in Scratch scratch, int start, int end, int rows)
    {
        int columns = scratch.PaddedColumns;
        for (int key = start; key < end; key += Lanes)
        {
            float* weights = scratch.Weights + ((long)key * BlockQueries);
            float* gradients = scratch.Products + ((long)key * BlockQueries);
            for (int i = 0; i < scratch.PaddedSize; i += ProductTile<TSimd, TVector>.Rows)
            {
                long target = ((long)key * scratch.PaddedSize) + (i * Lanes);
                ProductTile<TSimd, TVector>.TwoVectors(
                    scratch.OutputsTransposed + (i * BlockQueries), BlockQueries, weights, rows, scratch.Dv + target, Lanes, accumulate: true);
                ProductTile<TSimd, TVector>.TwoVectors(
                    scratch.QueriesTransposed + (i * BlockQueries), BlockQueries, gradients, rows, scratch.Dk + target, Lanes, accumulate: true);
            }

            for (int column = 0; column < columns; column += Lanes)
            {
                int width = Math.Min(Lanes, columns - column);
                float* packed = scratch.Keys + ((long)column * scratch.KeyCount) + ((long)key * width);
                for (int row = 0; row < rows; row += ProductTile<TSimd, TVector>.Rows)
                {
                    float* target = scratch.Dq + (row * columns) + column;
                    if (width == Lanes)
                        ProductTile<TSimd, TVector>.TwoVectors(gradients + (row * Lanes), Lanes, packed, Lanes, target, columns, accumulate: key > start);
                    else
                        ProductTile<TSimd, TVector>.OneVector(gradients + (row * Lanes), Lanes, packed, Lanes, target, columns, accumulate: key > start);
                }
            }
        }

        if (start >= end)
            new Span<float>(scratch.Dq, rows * columns).Clear();
    }

    private readonly void StoreQueries(in Scratch scratch, int count, float* dq, int rowStride)
    {
        for (int row = 0; row < count; row++)
        {
            float* source = scratch.Dq + (row * scratch.PaddedColumns);
            float* target = dq + ((long)row * rowStride);
            for (int i = 0; i < Options.HeadSize; i++)
                target[i] = source[i] * Options.Scale;
        }
    }

    private readonly (int Start, int End) VisibleKeys(in AttentionSegment segment, int firstQuery, int count)
    {
        int start = int.MaxValue;
        int end = 0;
        for (int query = firstQuery; query < firstQuery + count; query++)
        {
            (int first, int last) = segment.VisibleKeys(query, Options.Window);
            if (first >= last)
                continue;
            start = Math.Min(start, first);
            end = Math.Max(end, last);
        }

        return start < end ? (start, end) : (0, 0);
    }

    /// <summary>Copies a block of rows, scaled, as it is <c>[rows, size]</c> and transposed <c>[padded size, block]</c>.</summary>
    private readonly void LoadBlock(float* source, int stride, int count, int rows, float scale, float* block, float* transposed, int paddedSize)
    {
        int size = Options.HeadSize;
        for (int row = 0; row < count; row++)
        {
            for (int i = 0; i < size; i++)
                block[(row * size) + i] = source[((long)row * stride) + i] * scale;
        }

        new Span<float>(block + (count * size), (rows - count) * size).Clear();
        Panel.Transpose(block, size, rows, size, transposed, BlockQueries);
        new Span<float>(transposed + (size * BlockQueries), (paddedSize - size) * BlockQueries).Clear();
    }

    private readonly void PackTransposed(float* rows, long stride, int count, int padded, float* target)
    {
        for (int key = 0; key < padded; key += Lanes, target += Lanes * Options.HeadSize)
            Panel.Transpose(rows + (key * stride), (nint)stride, Math.Min(Lanes, count - key), Options.HeadSize, target, Lanes);
    }

    private readonly void PackRows(float* rows, long stride, int count, int padded, int columns, float* target)
    {
        int size = Options.HeadSize;
        for (int column = 0; column < columns; column += Lanes)
        {
            int width = Math.Min(Lanes, columns - column);
            int filled = Math.Min(width, size - column);
            for (int key = 0; key < padded; key++, target += width)
            {
                new Span<float>(target, width).Clear();
                if (key < count)
                    new ReadOnlySpan<float>(rows + (key * stride) + column, filled).CopyTo(new Span<float>(target, filled));
            }
        }
    }

    private readonly void Unpack(float* panels, int count, int paddedSize, float* target)
    {
        long stride = (long)Options.QueryHeads * Options.HeadSize;
        for (int key = 0; key < count; key += Lanes)
        {
            Panel.TransposeTo(
                panels + ((long)key * paddedSize), Lanes, Options.HeadSize, Math.Min(Lanes, count - key), null, target + (key * stride), (nint)stride);
        }
    }

    private static int RoundUp(int value, int multiple) => checked((value + multiple - 1) / multiple * multiple);

    /// <summary>Where the parts of a task's memory begin.</summary>
    private readonly struct Scratch
    {
        public Scratch(float* memory, int keys, int size, int paddedSize, int paddedColumns)
        {
            KeyCount = keys;
            PaddedSize = paddedSize;
            PaddedColumns = paddedColumns;
            KeysTransposed = memory;
            ValuesTransposed = KeysTransposed + ((long)keys * size);
            Keys = ValuesTransposed + ((long)keys * size);
            Dk = Keys + ((long)keys * paddedColumns);
            Dv = Dk + ((long)keys * paddedSize);
            Weights = Dv + ((long)keys * paddedSize);
            Products = Weights + ((long)keys * BlockQueries);
            Slopes = Products + ((long)keys * BlockQueries);
            Queries = Slopes + ((long)keys * BlockQueries);
            Outputs = Queries + (BlockQueries * size);
            QueriesTransposed = Outputs + (BlockQueries * size);
            OutputsTransposed = QueriesTransposed + (BlockQueries * paddedSize);
            Dq = OutputsTransposed + (BlockQueries * paddedSize);
        }

        public int KeyCount { get; }

        public int PaddedSize { get; }

        public int PaddedColumns { get; }

        public float* KeysTransposed { get; }

        public float* ValuesTransposed { get; }

        public float* Keys { get; }

        public float* Dk { get; }

        public float* Dv { get; }

        public float* Weights { get; }

        public float* Products { get; }

        public float* Slopes { get; }

        public float* Queries { get; }

        public float* Outputs { get; }

        public float* QueriesTransposed { get; }

        public float* OutputsTransposed { get; }

        public float* Dq { get; }
    }
}
