namespace PaliSharp.Tasks;

/// <summary>Warnings of a parser, so many at most: hostile input must not become a hostile list.</summary>
internal sealed class WarningLog
{
    private const int Limit = 32;

    private readonly List<string> _warnings = [];
    private int _more;

    /// <summary>Adds a warning.</summary>
    public void Add(string warning)
    {
        if (_warnings.Count < Limit)
            _warnings.Add(warning);
        else
            _more++;
    }

    /// <summary>All that were added, or the first of them and how many there are more.</summary>
    public IReadOnlyList<string> ToList() => _more == 0 ? [.. _warnings] : [.. _warnings, $"There are {_more} more warnings of this kind."];
}
