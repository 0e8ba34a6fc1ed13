namespace PaliSharp.Imaging.Resampling;

/// <summary>
/// The rows that a vertical pass reads: those of the source, or what the horizontal pass and the multiplication by alpha make of them. These are made when
/// they are first asked for and kept as long as an output row can read them.
/// </summary>
internal ref struct ResampleRows
{
    private readonly ReadOnlySpan<byte> _source;
    private readonly int _sourceStride;
    private readonly HorizontalPass? _columns;
    private readonly int _stride;
    private readonly byte[] _premultiplied;
    private readonly bool _premultipliesOnly;

    // The rows from _first to _end, without gaps; there is room for twice as many as are asked for at a time, so that rows move seldom.
    private readonly byte[] _made;
    private int _first;
    private int _end;

    /// <summary>Prepares the rows.</summary>
    /// <param name="source">The samples.</param>
    /// <param name="sourceStride">The samples of a row of the source.</param>
    /// <param name="columns">The horizontal pass, or null where it comes later or not at all.</param>
    /// <param name="scaledStride">The samples of a row behind the horizontal pass.</param>
    /// <param name="premultiplies">Whether colours are multiplied by alpha.</param>
    /// <param name="most">The most rows that are asked for at a time.</param>
    public ResampleRows(ReadOnlySpan<byte> source, int sourceStride, HorizontalPass? columns, int scaledStride, bool premultiplies, int most)
    {
        _source = source;
        _sourceStride = sourceStride;
        _columns = columns;
        _stride = columns is null ? sourceStride : scaledStride;
        _premultiplied = premultiplies && columns is not null ? new byte[sourceStride] : [];
        _premultipliesOnly = premultiplies && columns is null;
        int kept = (int)Math.Min(2L * most, source.Length / sourceStride);
        _made = columns is null && !premultiplies ? [] : GC.AllocateUninitializedArray<byte>(ImageLimits.ByteCount(_stride, kept, 1));
    }

    /// <summary>Rows one below the other. The first of them never decreases from call to call.</summary>
    public ReadOnlySpan<byte> Rows(int first, int count)
    {
        if (_made.Length == 0)
            return _source.Slice(first * _stride, count * _stride);
        if (first >= _end || (first + count - _first) * (long)_stride > _made.Length)
        {
            int kept = Math.Max(_end - first, 0);
            _made.AsSpan((_end - kept - _first) * _stride, kept * _stride).CopyTo(_made);
            _first = first;
            _end = first + kept;
        }

        for (; _end < first + count; _end++)
            CopyRow(_end, _made.AsSpan((_end - _first) * _stride, _stride));
        return _made.AsSpan((first - _first) * _stride, count * _stride);
    }

    /// <summary>Makes one row.</summary>
    public readonly void CopyRow(int y, Span<byte> target)
    {
        ReadOnlySpan<byte> row = _source.Slice(y * _sourceStride, _sourceStride);
        if (_premultipliesOnly)
        {
            AlphaPremultiplication.Multiply(row, target);
            return;
        }

        if (_premultiplied.Length > 0)
        {
            AlphaPremultiplication.Multiply(row, _premultiplied);
            row = _premultiplied;
        }

        if (_columns is null)
            row.CopyTo(target);
        else
            _columns.Row(row, target);
    }
}
