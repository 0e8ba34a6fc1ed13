using System.Runtime.CompilerServices;

namespace PaliSharp.Tokenization;

/// <summary>Collects merges in the order of a file until it is known which tokens are special.</summary>
internal sealed class MergeList
{
    private readonly List<(int Left, int Right, int Merged, uint Priority)> _merges = new(1 << 16);

    /// <summary>The number of merges.</summary>
    public int Count => _merges.Count;

    /// <summary>Adds a merge.</summary>
    public void Add(int left, int right, int merged, uint priority) => _merges.Add((left, right, merged, priority));

    /// <summary>
    /// Makes the table, without merges that would form a special token: whatever a file says, ordinary text never becomes one.
    /// </summary>
    /// <param name="kinds">The kinds of the tokens.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public MergeTable ToTable(ReadOnlySpan<TokenKind> kinds)
    {
        var table = new MergeTable(_merges.Count);
        foreach ((int left, int right, int merged, uint priority) in _merges)
        {
            if (kinds[merged] != TokenKind.Special)
                table.Set(left, right, priority, merged);
        }

        return table;
    }
}
