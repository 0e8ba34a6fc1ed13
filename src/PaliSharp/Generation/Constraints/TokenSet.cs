namespace PaliSharp.Generation;

/// <summary>An immutable set of token ids, held as ranges: large runs of a vocabulary cost nothing.</summary>
public sealed class TokenSet
{
    private readonly TokenRange[] _ranges;

    private TokenSet(TokenRange[] ranges) => _ranges = ranges;

    /// <summary>No token.</summary>
    public static TokenSet Empty { get; } = new([]);

    /// <summary>Every token from 0 on.</summary>
    public static TokenSet All { get; } = new([new TokenRange(0, int.MaxValue)]);

    /// <summary>The ranges: ascending, neither empty nor touching one another.</summary>
    public ReadOnlySpan<TokenRange> Ranges => _ranges;

    /// <summary>Whether there is no token in the set.</summary>
    public bool IsEmpty => _ranges.Length == 0;

    /// <summary>The ids given, in any order; repetitions count once.</summary>
    /// <param name="ids">Ids of at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is negative.</exception>
    public static TokenSet Of(params ReadOnlySpan<int> ids)
    {
        var ranges = new TokenRange[ids.Length];
        for (int i = 0; i < ids.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(ids[i], nameof(ids));
            ArgumentOutOfRangeException.ThrowIfEqual(ids[i], int.MaxValue, nameof(ids));
            ranges[i] = new TokenRange(ids[i], ids[i] + 1);
        }

        return Merge(ranges);
    }

    /// <summary>The ids from <paramref name="start"/> to before <paramref name="end"/>.</summary>
    /// <param name="start">The first id, at least 0.</param>
    /// <param name="end">The id after the last, at least <paramref name="start"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The start is negative or after the end.</exception>
    public static TokenSet Range(int start, int end)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfLessThan(end, start);
        return start == end ? Empty : new TokenSet([new TokenRange(start, end)]);
    }

    /// <summary>The ids that are in this set or in another.</summary>
    /// <param name="other">The other set.</param>
    public TokenSet Union(TokenSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Merge([.. _ranges, .. other._ranges]);
    }

    /// <summary>The ids of at least 0 that are not in this set.</summary>
    public TokenSet Complement()
    {
        List<TokenRange> gaps = [];
        int position = 0;
        foreach (TokenRange range in _ranges)
        {
            if (range.Start > position)
                gaps.Add(new TokenRange(position, range.Start));
            position = range.End;
        }

        if (position < int.MaxValue)
            gaps.Add(new TokenRange(position, int.MaxValue));
        return new TokenSet([.. gaps]);
    }

    /// <summary>The ids of this set but one.</summary>
    internal TokenSet Without(int id) => Contains(id) ? Complement().Union(Of(id)).Complement() : this;

    /// <summary>Whether an id is in the set.</summary>
    /// <param name="id">The id.</param>
    public bool Contains(int id)
    {
        int low = 0;
        int high = _ranges.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_ranges[middle].End <= id)
                low = middle + 1;
            else
                high = middle;
        }

        return low < _ranges.Length && _ranges[low].Start <= id;
    }

    /// <summary>Sets the logits of the set's ids to −∞. Ids beyond the logits are ignored.</summary>
    internal void RemoveFrom(Span<float> logits)
    {
        foreach (TokenRange range in _ranges)
        {
            if (range.Start >= logits.Length)
                break;
            logits[range.Start..Math.Min(range.End, logits.Length)].Fill(float.NegativeInfinity);
        }
    }

    /// <summary>Sets the logits of all other ids to −∞.</summary>
    internal void KeepIn(Span<float> logits)
    {
        int position = 0;
        foreach (TokenRange range in _ranges)
        {
            if (range.Start >= logits.Length)
                break;
            logits[position..range.Start].Fill(float.NegativeInfinity);
            position = Math.Min(range.End, logits.Length);
        }

        logits[position..].Fill(float.NegativeInfinity);
    }

    private static TokenSet Merge(TokenRange[] ranges)
    {
        Array.Sort(ranges, (left, right) => left.Start.CompareTo(right.Start));
        int count = 0;
        foreach (TokenRange range in ranges)
        {
            if (count > 0 && range.Start <= ranges[count - 1].End)
                ranges[count - 1] = new TokenRange(ranges[count - 1].Start, Math.Max(ranges[count - 1].End, range.End));
            else
                ranges[count++] = range;
        }

        return count == 0 ? Empty : new TokenSet(ranges[..count]);
    }
}

/// <summary>A run of token ids.</summary>
/// <param name="Start">The first id.</param>
/// <param name="End">The id after the last.</param>
public readonly record struct TokenRange(int Start, int End);
