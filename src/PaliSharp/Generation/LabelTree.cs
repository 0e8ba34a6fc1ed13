namespace PaliSharp.Generation;

/// <summary>
/// Texts as a tree of tokens: what several begin with is one path, to be computed once. Node 0 is the empty beginning. Each node takes the
/// log-probability of its token and, if a text ends there, that of the end.
/// </summary>
internal sealed class LabelTree
{
    private readonly List<Node> _nodes = [new(0, 0, 0)];
    private readonly int[] _ends;

    /// <summary>Builds the tree.</summary>
    /// <param name="labels">The ids of the texts; none is empty.</param>
    public LabelTree(IReadOnlyList<int[]> labels)
    {
        var children = new Dictionary<(int Parent, int Token), int>();
        _ends = new int[labels.Count];
        for (int i = 0; i < labels.Count; i++)
        {
            int at = 0;
            foreach (int token in labels[i])
            {
                if (!children.TryGetValue((at, token), out int next))
                {
                    next = _nodes.Count;
                    children.Add((at, token), next);
                    _nodes[at].Children.Add(next);
                    _nodes.Add(new Node(token, at, _nodes[at].Depth + 1));
                }

                at = next;
            }

            _ends[i] = at;
            _nodes[at].IsEnd = true;
        }
    }

    /// <summary>The number of tokens on the way to a node.</summary>
    public int Depth(int node) => _nodes[node].Depth;

    /// <summary>What may follow a node.</summary>
    public IReadOnlyList<int> Children(int node) => _nodes[node].Children;

    /// <summary>The nodes from one on to the next that several follow, or none.</summary>
    public List<int> Chain(int first)
    {
        List<int> chain = [first];
        while (_nodes[chain[^1]].Children is [var only])
            chain.Add(only);
        return chain;
    }

    /// <summary>The tokens of some nodes.</summary>
    public int[] Tokens(IReadOnlyList<int> nodes) => [.. nodes.Select(node => _nodes[node].Token)];

    /// <summary>Takes the distribution after a node: what it says of the tokens that may follow, and of the end.</summary>
    /// <param name="node">The node.</param>
    /// <param name="logits">The logits.</param>
    /// <param name="endId">The token that ends a text.</param>
    public void Take(int node, ReadOnlySpan<float> logits, int endId)
    {
        double total = Softmax.LogSumExp(logits);
        foreach (int child in _nodes[node].Children)
            _nodes[child].LogProbability = (float)(logits[_nodes[child].Token] - total);
        if (_nodes[node].IsEnd)
            _nodes[node].EndLogProbability = (float)(logits[endId] - total);
    }

    /// <summary>For each text the log-probability of each of its tokens, then that of the end.</summary>
    public float[][] Scores() => Array.ConvertAll(_ends, end =>
    {
        float[] scores = new float[_nodes[end].Depth + 1];
        scores[^1] = _nodes[end].EndLogProbability;
        for (int node = end; node != 0; node = _nodes[node].Parent)
            scores[_nodes[node].Depth - 1] = _nodes[node].LogProbability;
        return scores;
    });

    private sealed class Node(int token, int parent, int depth)
    {
        public int Token => token;

        public int Parent => parent;

        public int Depth => depth;

        public List<int> Children { get; } = [];

        public bool IsEnd { get; set; }

        public float LogProbability { get; set; }

        public float EndLogProbability { get; set; }
    }
}
