namespace PaliSharp.Generation;

/// <summary>A set of token sequences as a tree: what is written is one of them, and the text may end where one is complete.</summary>
internal sealed class TokenTrie : ITokenConstraint
{
    private readonly List<Node> _nodes = [new()];
    private readonly TokenSet _end;
    private readonly int _endId;

    /// <summary>Starts with no sequence.</summary>
    /// <param name="endId">The token that ends a text.</param>
    public TokenTrie(int endId)
    {
        _endId = endId;
        _end = TokenSet.Of(endId);
    }

    /// <inheritdoc/>
    public int Start => 0;

    /// <summary>The number of states: the positions in the tree, and the one after the end.</summary>
    public int StateCount => _nodes.Count + 1;

    private int Ended => _nodes.Count;

    /// <summary>Adds a sequence after which the text may end.</summary>
    /// <param name="ids">The tokens, at least one.</param>
    public void Add(ReadOnlySpan<int> ids)
    {
        Node node = _nodes[Extend(ids)];
        node.MayEnd = true;
        node.Allowed = null;
    }

    /// <summary>Adds a sequence after which something else follows.</summary>
    /// <param name="ids">The tokens, at least one.</param>
    /// <param name="exit">The negative number that <see cref="Next"/> returns after the last token.</param>
    public void AddExit(ReadOnlySpan<int> ids, int exit)
    {
        Node node = _nodes[Extend(ids[..^1])];
        node.Children[ids[^1]] = exit;
        node.Allowed = null;
    }

    /// <inheritdoc/>
    public TokenSet Allowed(int state)
    {
        if (state == Ended)
            return _end;
        Node node = _nodes[state];
        TokenSet? allowed = node.Allowed;
        if (allowed is null)
        {
            allowed = TokenSet.Of([.. node.Children.Keys]);
            if (node.MayEnd)
                allowed = allowed.Union(_end);
            node.Allowed = allowed;
        }

        return allowed;
    }

    /// <inheritdoc/>
    public int Next(int state, int id)
    {
        if (id == _endId && (state == Ended || _nodes[state].MayEnd))
            return Ended;
        return state != Ended && _nodes[state].Children.TryGetValue(id, out int target)
            ? target
            : throw new ArgumentException($"Token {id} is not allowed in state {state}.", nameof(id));
    }

    private int Extend(ReadOnlySpan<int> ids)
    {
        int at = 0;
        foreach (int id in ids)
        {
            Node node = _nodes[at];
            if (!node.Children.TryGetValue(id, out int next))
            {
                next = _nodes.Count;
                _nodes.Add(new Node());
                node.Children.Add(id, next);
                node.Allowed = null;
            }

            at = next;
        }

        return at;
    }

    private sealed class Node
    {
        public Dictionary<int, int> Children { get; } = [];

        public bool MayEnd { get; set; }

        /// <summary>What may follow, made when it is asked for first.</summary>
        public TokenSet? Allowed { get; set; }
    }
}
