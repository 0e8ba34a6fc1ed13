using System.Diagnostics.CodeAnalysis;

namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>Checks the arguments of operations once, before pointers are taken. Messages name the operation and the shapes that do not fit.</summary>
internal static class OperationChecks
{
    /// <summary>Refuses null and a disposed tensor. To be done before the result is rented: it might be the same object again.</summary>
    public static unsafe void Live([NotNull] Tensor? tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        _ = tensor.Pointer;
    }

    public static void Linear([NotNull] Tensor? x, [NotNull] Weight? weight, Weight? bias, string operation = "Linear")
    {
        Live(x);
        ArgumentNullException.ThrowIfNull(weight);
        if (weight.Shape.Rank != 2 || weight.Shape[1] != x.Columns)
            throw Mismatch(operation, $"x of shape {x.Shape} does not fit the weight '{weight.Name}' of shape {weight.Shape}: [outputs, {x.Columns}] is needed.");
        if (bias is null)
            return;
        Float32(operation, bias);
        if (bias.Shape.Count != weight.Shape[0])
            throw Mismatch(operation, $"the bias '{bias.Name}' of shape {bias.Shape} does not fit the weight '{weight.Name}' of shape {weight.Shape}.");
    }

    public static void LinearRows([NotNull] Tensor? x, [NotNull] Weight? weight, ReadOnlySpan<int> rows)
    {
        Linear(x, weight, bias: null, "LinearRows");
        int outputs = weight.Shape[0];
        foreach (int row in rows)
        {
            if ((uint)row >= (uint)outputs)
                throw new ArgumentOutOfRangeException(nameof(rows), row, $"LinearRows: {row} is not one of the {outputs} rows of the weight '{weight.Name}'.");
        }
    }

    public static void Add([NotNull] Tensor? a, [NotNull] Tensor? b)
    {
        Live(a);
        Live(b);
        RowsRepeat(a.Shape, b.Shape);
    }

    public static void Add([NotNull] Tensor? a, [NotNull] Weight? b)
    {
        Live(a);
        ArgumentNullException.ThrowIfNull(b);
        Float32("Add", b);
        RowsRepeat(a.Shape, b.Shape);
    }

    public static void RowWeight(string operation, [NotNull] Tensor? x, [NotNull] Weight? weight)
    {
        Live(x);
        ArgumentNullException.ThrowIfNull(weight);
        Float32(operation, weight);
        if (weight.Shape.Count != x.Columns)
            throw Mismatch(operation, $"the weight '{weight.Name}' of shape {weight.Shape} does not fit rows of {x.Columns} in x of shape {x.Shape}.");
    }

    public static void Float32(string operation, Weight weight)
    {
        if (weight.Type != WeightType.Float32)
            throw Mismatch(operation, $"the weight '{weight.Name}' of shape {weight.Shape} is stored as {weight.Type}; Float32 is needed here.");
    }

    public static void SameShape(string operation, [NotNull] Tensor? a, [NotNull] Tensor? b)
    {
        Live(a);
        Live(b);
        if (a.Rows != b.Rows || a.Columns != b.Columns)
            throw Mismatch(operation, $"shapes {a.Shape} and {b.Shape} differ.");
    }

    public static void SoftCap([NotNull] Tensor? x, float cap)
    {
        Live(x);
        if (!(cap > 0) || !float.IsFinite(cap))
            throw new ArgumentOutOfRangeException(nameof(cap), cap, $"SoftCap: the cap for x of shape {x.Shape} must be positive and finite.");
    }

    public static void Rotary([NotNull] Tensor? x, ReadOnlySpan<int> positions, int headSize, float thetaBase)
    {
        Live(x);
        if (headSize <= 0 || headSize % 2 != 0 || x.Columns % headSize != 0)
            throw Mismatch("RotaryEmbedding", $"x of shape {x.Shape} does not consist of heads of {headSize}; the head size must be even and divide the columns.");
        if (positions.Length != x.Rows)
            throw Mismatch("RotaryEmbedding", $"x of shape {x.Shape} has {x.Rows} rows, but [{positions.Length}] positions were given.");
        if (!(thetaBase > 0) || !float.IsFinite(thetaBase))
            throw new ArgumentOutOfRangeException(nameof(thetaBase), thetaBase, "RotaryEmbedding: the base must be positive and finite.");
        foreach (int position in positions)
        {
            if ((uint)position >= RotaryTable.MaximumPositions)
                throw new ArgumentOutOfRangeException(nameof(positions), position, $"RotaryEmbedding: positions range from 0 to {RotaryTable.MaximumPositions - 1}.");
        }
    }

    public static void Embedding(ReadOnlySpan<int> ids, [NotNull] Weight? table)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (table.Shape.Rank != 2)
            throw Mismatch("Embedding", $"the table '{table.Name}' of shape {table.Shape} is not [vocabulary, width].");
        int rows = table.Shape[0];
        foreach (int id in ids)
        {
            if ((uint)id >= (uint)rows)
                throw new ArgumentOutOfRangeException(nameof(ids), id, $"Embedding: the id {id} is not one of the {rows} rows of the table '{table.Name}'.");
        }
    }

    public static void Patches([NotNull] Tensor? pixels, int patch)
    {
        Live(pixels);
        TensorShape shape = pixels.Shape;
        if (shape.Rank != 4)
            throw Mismatch("Patches", $"pixels of shape {shape} are not [pictures, channels, height, width].");
        if (patch <= 0 || shape[2] % patch != 0 || shape[3] % patch != 0)
            throw Mismatch("Patches", $"patches of shape [{patch}, {patch}] do not tile pictures of shape {shape}.");
    }

    public static void ConcatenateRows(ReadOnlySpan<RowRun> runs)
    {
        if (runs.IsEmpty)
            throw new ArgumentException("ConcatenateRows: at least one run is needed.", nameof(runs));
        foreach (ref readonly RowRun run in runs)
        {
            Live(run.Source);
            if (run.Source.Columns != runs[0].Source.Columns)
                throw Mismatch("ConcatenateRows", $"rows of shapes {runs[0].Source.Shape} and {run.Source.Shape} differ in width.");
            if (run.Start < 0 || run.Count < 0 || run.Start > run.Source.Rows - run.Count)
                throw new ArgumentOutOfRangeException(nameof(runs), $"ConcatenateRows: {run.Count} rows from {run.Start} on are not in a tensor of shape {run.Source.Shape}.");
        }
    }

    public static void Attention([NotNull] Tensor? queries, ReadOnlySpan<AttentionSegment> segments, in AttentionOptions options)
    {
        Live(queries);
        if (options.QueryHeads <= 0 || options.KeyValueHeads <= 0 || options.HeadSize <= 0 || options.QueryHeads % options.KeyValueHeads != 0)
            throw Mismatch("Attention", $"{options.QueryHeads} query heads, {options.KeyValueHeads} key heads and a head size of {options.HeadSize} are not a valid combination.");
        if (options.SoftCap < 0 || !float.IsFinite(options.SoftCap) || options.Window < 0)
            throw new ArgumentOutOfRangeException(nameof(options), $"Attention: the cap {options.SoftCap} and the window {options.Window} must be finite and not negative.");
        if (queries.Columns != (long)options.QueryHeads * options.HeadSize)
            throw Mismatch("Attention", $"queries of shape {queries.Shape} do not consist of {options.QueryHeads} heads of {options.HeadSize}.");
        foreach (ref readonly AttentionSegment segment in segments)
            Segment(queries, segment, options);
        Coverage(queries, segments);
    }

    private static void Segment(Tensor queries, in AttentionSegment segment, in AttentionOptions options)
    {
        Live(segment.Keys);
        Live(segment.Values);
        if (segment.QueryStart < 0 || segment.QueryCount < 0 || segment.QueryStart > queries.Rows - segment.QueryCount)
            throw Mismatch("Attention", $"{segment.QueryCount} rows from {segment.QueryStart} on are not in queries of shape {queries.Shape}.");
        long columns = (long)options.KeyValueHeads * options.HeadSize;
        foreach (Tensor tensor in (ReadOnlySpan<Tensor>)[segment.Keys, segment.Values])
        {
            if (tensor.Columns != columns || segment.KeyStart < 0 || segment.KeyCount < 0 || segment.KeyStart > tensor.Rows - segment.KeyCount)
            {
                throw Mismatch(
                    "Attention",
                    $"{segment.KeyCount} keys of {options.KeyValueHeads} heads of {options.HeadSize} from row {segment.KeyStart} on are not in a tensor of shape {tensor.Shape}.");
            }
        }

        if (segment.QueryPosition < 0 || segment.PrefixLength < 0 || segment.QueryPosition > int.MaxValue - segment.QueryCount - 1)
            throw new ArgumentOutOfRangeException(nameof(segment), $"Attention: the position {segment.QueryPosition} and the prefix {segment.PrefixLength} must not be negative.");
    }

    private static void Coverage(Tensor queries, ReadOnlySpan<AttentionSegment> segments)
    {
        long covered = 0;
        bool ordered = true;
        foreach (ref readonly AttentionSegment segment in segments)
        {
            ordered &= segment.QueryStart == covered || segment.QueryCount == 0;
            covered += segment.QueryCount;
        }

        // As many rows as there are, none twice: all are covered.
        if (covered != queries.Rows || (!ordered && Overlap(segments)))
            throw Mismatch("Attention", $"the segments cover {covered} rows; queries of shape {queries.Shape} need each of {queries.Rows} rows once.");
    }

    private static bool Overlap(ReadOnlySpan<AttentionSegment> segments)
    {
        for (int i = 0; i < segments.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                if (segments[i].QueryStart < segments[j].QueryStart + segments[j].QueryCount
                    && segments[j].QueryStart < segments[i].QueryStart + segments[i].QueryCount)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static void RowsRepeat(TensorShape a, TensorShape b)
    {
        if (b.Columns != a.Columns || (b.Rows == 0 ? a.Rows != 0 : a.Rows % b.Rows != 0))
            throw Mismatch("Add", $"the rows of the second operand of shape {b} do not repeat into the first of shape {a}.");
    }

    private static ArgumentException Mismatch(string operation, string what) => new($"{operation}: {what}");
}
