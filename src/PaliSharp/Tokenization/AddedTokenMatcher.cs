using System.Buffers;

namespace PaliSharp.Tokenization;

/// <summary>
/// Finds added tokens in a text: the leftmost first, the longest of those that begin there. A trie over UTF-16 units, with a vectorised
/// search for characters that can begin a token.
/// </summary>
internal sealed class AddedTokenMatcher
{
    private readonly SearchValues<char> _firstUnits;
    private readonly bool _spaceIsMarker;
    private readonly int[] _childStarts; // the children of node n are [_childStarts[n], _childStarts[n + 1])
    private readonly char[] _labels;     // sorted within one node
    private readonly AddedToken[] _tokens;
    private readonly int[] _tokenOf;     // by node: index into _tokens, or −1

    /// <summary>Builds the trie.</summary>
    /// <param name="tokens">The tokens, with distinct texts.</param>
    /// <param name="spaceIsMarker">Whether a space of the text is to be read as U+2581.</param>
    public AddedTokenMatcher(IEnumerable<AddedToken> tokens, bool spaceIsMarker)
    {
        _spaceIsMarker = spaceIsMarker;
        _tokens = [.. tokens];
        Array.Sort(_tokens, static (a, b) => string.CompareOrdinal(a.Text, b.Text));
        var childStarts = new List<int>();
        var labels = new List<char>();
        var tokenOf = new List<int>();

        // Breadth first: a node is a range of the sorted tokens that share its prefix; the children of a node get consecutive numbers.
        var ranges = new Queue<(int Begin, int End, int Depth)>();
        ranges.Enqueue((0, _tokens.Length, 0));
        int nodes = 1;
        while (ranges.TryDequeue(out (int Begin, int End, int Depth) node))
        {
            (int begin, int end, int depth) = node;
            bool isToken = begin < end && _tokens[begin].Text.Length == depth && depth > 0;
            tokenOf.Add(isToken ? begin : -1);
            childStarts.Add(nodes);
            for (int i = isToken ? begin + 1 : begin; i < end;)
            {
                char label = _tokens[i].Text[depth];
                int first = i;
                while (i < end && _tokens[i].Text[depth] == label)
                    i++;
                labels.Add(label);
                ranges.Enqueue((first, i, depth + 1));
                nodes++;
            }
        }

        childStarts.Add(nodes);
        _childStarts = [.. childStarts];
        _labels = [.. labels];
        _tokenOf = [.. tokenOf];

        HashSet<char> firstUnits = [.. _tokens.Select(token => token.Text[0])];
        if (spaceIsMarker && firstUnits.Contains(Tokenizer.SpaceMarker))
            _ = firstUnits.Add(' ');
        _firstUnits = SearchValues.Create([.. firstUnits]);
    }

    /// <summary>Whether there is no token to find.</summary>
    public bool IsEmpty => _tokens.Length == 0;

    /// <summary>Finds the first token at or after a position.</summary>
    /// <param name="text">The text.</param>
    /// <param name="position">Where to begin; then the token's first unit.</param>
    /// <param name="length">The token's length in UTF-16 units.</param>
    /// <param name="token">The token.</param>
    /// <returns>Whether there is one.</returns>
    public bool TryFind(ReadOnlySpan<char> text, ref int position, out int length, out AddedToken token)
    {
        for (int start = position; start < text.Length; start++)
        {
            int skip = text[start..].IndexOfAny(_firstUnits);
            if (skip < 0)
                break;
            start += skip;
            int longest = Longest(text[start..], out length);
            if (longest >= 0)
            {
                position = start;
                token = _tokens[longest];
                return true;
            }
        }

        length = 0;
        token = default;
        return false;
    }

    private int Longest(ReadOnlySpan<char> text, out int length)
    {
        int found = -1;
        length = 0;
        int node = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char unit = _spaceIsMarker && text[i] == ' ' ? Tokenizer.SpaceMarker : text[i];
            // Node numbers begin at 1 for the root's first child, labels at 0.
            int start = _childStarts[node];
            int child = _labels.AsSpan(start - 1, _childStarts[node + 1] - start).BinarySearch(unit);
            if (child < 0)
                break;
            node = start + child;
            if (_tokenOf[node] >= 0)
            {
                found = _tokenOf[node];
                length = i + 1;
            }
        }

        return found;
    }
}
