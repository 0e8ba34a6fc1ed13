using PaliSharp.Tensors;

namespace PaliSharp.TestSupport;

/// <summary>The extents of one sequence of an attention case, as in <see cref="AttentionSegment"/>.</summary>
/// <param name="Queries">The number of queries.</param>
/// <param name="Keys">The number of keys.</param>
/// <param name="Position">The position of the first query.</param>
/// <param name="Prefix">The length of the bidirectional prefix.</param>
public sealed record AttentionExtents(int Queries, int Keys, int Position, int Prefix);

/// <summary>Attention over random queries, keys and values.</summary>
/// <param name="QueryHeads">Query heads.</param>
/// <param name="KeyValueHeads">Key and value heads.</param>
/// <param name="HeadSize">The width of a head.</param>
/// <param name="Segments">The sequences; each has keys and values of its own, with rows of other content before and after.</param>
public sealed record AttentionCase(int QueryHeads, int KeyValueHeads, int HeadSize, IReadOnlyList<AttentionExtents> Segments)
{
    private const int RowsBefore = 2;
    private const int RowsAfter = 1;

    /// <summary>The cap of the logits, 0 for none.</summary>
    public float SoftCap { get; init; }

    /// <summary>The window, 0 for none.</summary>
    public int Window { get; init; }

    /// <summary>The standard deviation of the queries: larger ones make sharper attention.</summary>
    public float QueryDeviation { get; init; } = 1;

    /// <summary>The case as an operation.</summary>
    public OperationCase ToOperation() => new(
        $"Attention {QueryHeads}/{KeyValueHeads}·{HeadSize} cap {SoftCap} window {Window} of {string.Join(", ", Segments)}",
        Compute);

    private Tensor Compute(TensorBackend backend)
    {
        using Tensor queries = OperationCases.Input(backend, Segments.Sum(segment => segment.Queries), QueryHeads * HeadSize, 13, QueryDeviation);
        var segments = new List<AttentionSegment>();
        int start = 0;
        foreach (AttentionExtents extents in Segments)
        {
            int rows = RowsBefore + extents.Keys + RowsAfter;
            Tensor keys = OperationCases.Input(backend, rows, KeyValueHeads * HeadSize, 14 + start);
            Tensor values = OperationCases.Input(backend, rows, KeyValueHeads * HeadSize, 15 + start);
            Poison(keys);
            Poison(values);
            segments.Add(new(start, extents.Queries, keys, values, RowsBefore, extents.Keys, extents.Position, extents.Prefix));
            start += extents.Queries;
        }

        var options = new AttentionOptions(QueryHeads, KeyValueHeads, HeadSize, 1 / MathF.Sqrt(HeadSize), SoftCap, Window);
        Tensor result = backend.Attention(queries, segments.ToArray(), options);
        foreach (AttentionSegment segment in segments)
        {
            segment.Keys.Dispose();
            segment.Values.Dispose();
        }

        return result;
    }

    /// <summary>Rows that do not belong to the sequence must not be read: NaN would show.</summary>
    private static void Poison(Tensor tensor)
    {
        for (int row = 0; row < tensor.Rows; row++)
        {
            if (row < RowsBefore || row >= tensor.Rows - RowsAfter)
                tensor.Row(row).Fill(float.NaN);
        }
    }
}
