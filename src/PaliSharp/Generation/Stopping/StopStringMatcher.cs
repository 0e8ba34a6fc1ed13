using System.Text;

namespace PaliSharp.Generation;

/// <summary>
/// Ends a stream of text before the first stop string. Text that may be the beginning of a stop string is held back until it is clear
/// that it is none, so what has been emitted never has to be taken back. How the text is cut into pieces makes no difference.
/// </summary>
/// <remarks>
/// The first stop string is the one that is complete first; of several that are complete at the same character, the longest. All stop
/// strings are searched at once by an Aho-Corasick automaton: time is linear in the text whatever it is.
/// </remarks>
internal sealed class StopStringMatcher
{
    private readonly Dictionary<(int Node, char Symbol), int> _children = [];
    private readonly List<Node> _nodes = [default];
    private readonly StringBuilder _held = new();
    private int _state;

    /// <summary>Prepares the search.</summary>
    /// <param name="stopStrings">The stop strings; none makes a matcher that passes everything on.</param>
    /// <exception cref="ArgumentException">A string is empty or not well-formed UTF-16.</exception>
    public StopStringMatcher(IReadOnlyList<string> stopStrings)
    {
        ArgumentNullException.ThrowIfNull(stopStrings);
        foreach (string text in stopStrings)
            Add(text);
        LinkFallbacks();
    }

    /// <summary>The stop string that was found, or null.</summary>
    public string? Matched { get; private set; }

    /// <summary>Whether a stop string was found. Nothing is emitted after it.</summary>
    public bool IsStopped => Matched is not null;

    /// <summary>Takes the next piece of text.</summary>
    /// <param name="piece">The piece; may be empty.</param>
    /// <returns>The text that is now known to precede any stop string; may be empty.</returns>
    public string Push(ReadOnlySpan<char> piece)
    {
        if (IsStopped)
            return string.Empty;
        if (_children.Count == 0)
            return piece.ToString();
        foreach (char symbol in piece)
        {
            _held.Append(symbol);
            _state = Step(_state, symbol);
            if (_nodes[_state].Match is { } match)
            {
                Matched = match;
                _held.Length -= match.Length;
                return Release(_held.Length);
            }
        }

        return Release(_held.Length - _nodes[_state].Depth);
    }

    /// <summary>Ends the text.</summary>
    /// <returns>What was held back, unless a stop string was found.</returns>
    public string Finish()
    {
        _state = 0;
        return IsStopped ? string.Empty : Release(_held.Length);
    }

    /// <summary>Checks that a string can be searched for.</summary>
    /// <exception cref="ArgumentException">It is empty or not well-formed UTF-16.</exception>
    internal static void CheckStopString(string text, string parameter)
    {
        ArgumentException.ThrowIfNullOrEmpty(text, parameter);
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
            {
                throw new ArgumentException(
                    $"The stop string of {text.Length} characters has half a surrogate pair at {i}; a match could cut a character in two.",
                    parameter);
            }

            i++;
        }
    }

    private string Release(int count)
    {
        string text = _held.ToString(0, count);
        _held.Remove(0, count);
        return text;
    }

    private int Step(int state, char symbol)
    {
        while (true)
        {
            if (_children.TryGetValue((state, symbol), out int child))
                return child;
            if (state == 0)
                return 0;
            state = _nodes[state].Fallback;
        }
    }

    private void Add(string text)
    {
        CheckStopString(text, nameof(text));
        int node = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (!_children.TryGetValue((node, text[i]), out int child))
            {
                child = _nodes.Count;
                _children.Add((node, text[i]), child);
                _nodes.Add(new Node { Parent = node, Symbol = text[i], Depth = i + 1 });
            }

            node = child;
        }

        _nodes[node] = _nodes[node] with { Match = text };
    }

    /// <summary>
    /// Gives each node the longest proper suffix of its string that is a node too, and the longest stop string its string ends with.
    /// </summary>
    private void LinkFallbacks()
    {
        foreach (int index in Enumerable.Range(1, _nodes.Count - 1).OrderBy(index => _nodes[index].Depth).ToArray())
        {
            Node node = _nodes[index];
            int fallback = node.Depth == 1 ? 0 : Step(_nodes[node.Parent].Fallback, node.Symbol);
            _nodes[index] = node with { Fallback = fallback, Match = node.Match ?? _nodes[fallback].Match };
        }
    }

    /// <summary>A beginning of one or several stop strings.</summary>
    private readonly record struct Node
    {
        public int Parent { get; init; }

        public char Symbol { get; init; }

        public int Depth { get; init; }

        public int Fallback { get; init; }

        public string? Match { get; init; }
    }
}
