using PaliSharp.Tensors;

namespace PaliSharp.Models;

/// <summary>
/// The rows of one pass through the decoder: runs of new positions of several sequences, stacked without padding, so that a batch
/// computes for each sequence exactly what it would compute alone. Reused between passes; filling it again allocates nothing.
/// </summary>
internal sealed class DecoderBatch
{
    private readonly List<Run> _runs = [];
    private int[] _positions = [];
    private AttentionSegment[] _segments = [];

    /// <summary>The number of rows.</summary>
    public int Rows { get; private set; }

    /// <summary>The position of each row in its own sequence, counted from 0, image tokens first.</summary>
    public ReadOnlySpan<int> Positions => _positions.AsSpan(0, Rows);

    public void Clear()
    {
        _runs.Clear();
        Rows = 0;
    }

    /// <summary>Adds a sequence's next rows.</summary>
    /// <param name="rows">How many, at least 1.</param>
    /// <param name="prefixLength">The leading positions of the whole sequence that all see one another.</param>
    /// <param name="cache">What the sequence has so far, and where the new rows are kept; null to compute without a cache from position 0.</param>
    public void Add(int rows, int prefixLength, KvCache? cache)
    {
        int position = cache?.Length ?? 0;
        if (cache is not null && position + rows > cache.Capacity)
            throw new InvalidOperationException($"A cache for {cache.Capacity} positions holds {position} and cannot take {rows} more.");
        if (_positions.Length < Rows + rows)
            Array.Resize(ref _positions, Math.Max(Rows + rows, 2 * _positions.Length));
        for (int i = 0; i < rows; i++)
            _positions[Rows + i] = position + i;
        _runs.Add(new Run(Rows, rows, position, prefixLength, cache));
        Rows += rows;
    }

    /// <summary>Stores one layer's new keys and values and tells for each sequence where all of its keys and values lie.</summary>
    public ReadOnlySpan<AttentionSegment> Attend(int layer, Tensor keys, Tensor values)
    {
        if (_segments.Length < _runs.Count)
            _segments = new AttentionSegment[Math.Max(_runs.Count, 2 * _segments.Length)];
        for (int i = 0; i < _runs.Count; i++)
        {
            Run run = _runs[i];
            run.Cache?.Write(layer, keys, values, run.Start, run.Count);
            _segments[i] = run.Cache is { } cache
                ? new AttentionSegment(run.Start, run.Count, cache.Keys(layer), cache.Values(layer), 0, run.Position + run.Count, run.Position, run.PrefixLength)
                : new AttentionSegment(run.Start, run.Count, keys, values, run.Start, run.Count, 0, run.PrefixLength);
        }

        return _segments.AsSpan(0, _runs.Count);
    }

    /// <summary>Makes the stored rows part of their caches: the pass is complete.</summary>
    public void Commit()
    {
        foreach (Run run in _runs)
        {
            if (run.Cache is null)
                continue;
            run.Cache.Advance(run.Count);
            run.Cache.PrefixLength = run.PrefixLength;
        }
    }

    private readonly record struct Run(int Start, int Count, int Position, int PrefixLength, KvCache? Cache);
}
