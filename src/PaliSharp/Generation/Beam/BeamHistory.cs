namespace PaliSharp.Generation;

/// <summary>
/// The texts of a beam search as one tree: texts that begin alike share their beginning, and appending a token copies nothing.
/// </summary>
internal sealed class BeamHistory
{
    /// <summary>The empty text.</summary>
    public const int Root = -1;

    private readonly List<Node> _nodes = [];

    private readonly record struct Node(int Parent, int Token, float LogProbability);

    /// <summary>Appends a token to a text and returns the new text.</summary>
    public int Append(int text, int token, float logProbability)
    {
        _nodes.Add(new Node(text, token, logProbability));
        return _nodes.Count - 1;
    }

    /// <summary>A text's tokens and their log-probabilities.</summary>
    public (int[] Tokens, float[] LogProbabilities) Read(int text)
    {
        int length = 0;
        for (int node = text; node != Root; node = _nodes[node].Parent)
            length++;
        var tokens = new int[length];
        var logProbabilities = new float[length];
        for (int node = text; node != Root; node = _nodes[node].Parent)
            (tokens[--length], logProbabilities[length]) = (_nodes[node].Token, _nodes[node].LogProbability);
        return (tokens, logProbabilities);
    }
}
