namespace PaliSharp.Generation;

/// <summary>A set of Unicode characters, without surrogates, as ascending ranges that do not touch.</summary>
internal sealed class CodePointSet
{
    private const int Last = 0x10FFFF;
    private const int FirstSurrogate = 0xD800;
    private const int LastSurrogate = 0xDFFF;

    private CodePointSet(List<(int First, int Last)> ranges) => Ranges = ranges;

    /// <summary>No character.</summary>
    public static CodePointSet Empty { get; } = new([]);

    /// <summary>The ranges, both ends included.</summary>
    public IReadOnlyList<(int First, int Last)> Ranges { get; }

    /// <summary>Whether there is no character.</summary>
    public bool IsEmpty => Ranges.Count == 0;

    /// <summary>The only character; null if there are none or several.</summary>
    public int? SingleValue => Ranges is [var range] && range.First == range.Last ? range.First : null;

    /// <summary>One character.</summary>
    public static CodePointSet Single(int value) => Range(value, value);

    /// <summary>The characters between two, both included.</summary>
    public static CodePointSet Range(int first, int last) => Merge([(first, last)]);

    /// <summary>Whether a character is in the set.</summary>
    public bool Contains(int value) => Ranges.Any(range => value >= range.First && value <= range.Last);

    /// <summary>The characters in this or another set.</summary>
    public CodePointSet Union(CodePointSet other) => Merge([.. Ranges, .. other.Ranges]);

    /// <summary>The characters that are not in this set.</summary>
    public CodePointSet Complement()
    {
        var gaps = new List<(int, int)>();
        int next = 0;
        foreach ((int first, int last) in Ranges)
        {
            if (first > next)
                gaps.Add((next, first - 1));
            next = last + 1;
        }

        if (next <= Last)
            gaps.Add((next, Last));
        return Merge(gaps);
    }

    private static CodePointSet Merge(IEnumerable<(int First, int Last)> ranges)
    {
        var merged = new List<(int First, int Last)>();
        foreach ((int first, int last) in ranges.SelectMany(WithoutSurrogates).OrderBy(range => range.First))
        {
            if (merged.Count > 0 && first <= merged[^1].Last + 1)
                merged[^1] = (merged[^1].First, Math.Max(merged[^1].Last, last));
            else
                merged.Add((first, last));
        }

        return new CodePointSet(merged);
    }

    private static IEnumerable<(int First, int Last)> WithoutSurrogates((int First, int Last) range)
    {
        if (range.First < FirstSurrogate)
            yield return (range.First, Math.Min(range.Last, FirstSurrogate - 1));
        if (range.Last > LastSurrogate)
            yield return (Math.Max(range.First, LastSurrogate + 1), range.Last);
    }
}
