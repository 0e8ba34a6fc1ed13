using System.Collections.Concurrent;
using PaliSharp.Tokenization;

namespace PaliSharp.Generation;

/// <summary>
/// An automaton over bytes, walked by the tokens' texts. What a state allows is found when it is asked for first, by following the tree of all
/// token texts only as far as the automaton goes.
/// </summary>
internal sealed class TextGrammar : ITokenConstraint
{
    private readonly ConcurrentDictionary<int, TokenSet> _allowed = new();
    private readonly TextAutomaton _automaton;
    private readonly byte[][] _texts;
    private readonly int[] _sorted;
    private readonly int _endId;

    /// <summary>Combines a pattern with a vocabulary.</summary>
    /// <exception cref="PromptException">The vocabulary cannot write everything that the pattern may need.</exception>
    public TextGrammar(Tokenizer tokenizer, TextAutomaton automaton)
    {
        _automaton = automaton;
        _endId = tokenizer.EosId;
        _texts = TokenText.Bytes(tokenizer);
        _sorted = [.. Enumerable.Range(0, _texts.Length).Where(id => _texts[id].Length > 0)];
        Array.Sort(_sorted, (left, right) => _texts[left].AsSpan().SequenceCompareTo(_texts[right]));

        // With a token for every byte there is a way on from every state.
        var single = new bool[256];
        foreach (int id in _sorted)
        {
            if (_texts[id] is [byte value])
                single[value] = true;
        }

        for (int value = 0; value < single.Length; value++)
        {
            if (automaton.Uses((byte)value) && !single[value])
                throw new PromptException($"The tokenizer has no token for the byte 0x{value:X2}, which the pattern may need. Use the model's own tokenizer, or a narrower pattern.");
        }
    }

    private int Ended => _automaton.StateCount;

    /// <inheritdoc/>
    public int Start => 0;

    /// <inheritdoc/>
    public TokenSet Allowed(int state) => _allowed.TryGetValue(state, out TokenSet? allowed) ? allowed : _allowed.GetOrAdd(state, Find);

    /// <inheritdoc/>
    public int Next(int state, int id)
    {
        if (!Allowed(state).Contains(id))
            throw new ArgumentException($"Token {id} is not allowed in state {state}.", nameof(id));
        if (id == _endId)
            return Ended;
        foreach (byte value in _texts[id])
            state = _automaton.Next(state, value);
        return state;
    }

    private TokenSet Find(int state)
    {
        List<int> found = [];
        if (state == Ended || _automaton.IsFinal(state))
            found.Add(_endId);
        if (state != Ended)
            Collect(state, 0, _sorted.Length, 0, found);
        return TokenSet.Of([.. found]);
    }

    /// <summary>Walks the sorted texts from..to, which agree on their first bytes, of which there are depth.</summary>
    private void Collect(int state, int from, int to, int depth, List<int> found)
    {
        for (; from < to && _texts[_sorted[from]].Length == depth; from++)
            found.Add(_sorted[from]);
        while (from < to)
        {
            byte value = _texts[_sorted[from]][depth];
            int end = EndOfRun(from, to, depth, value);
            int next = _automaton.Next(state, value);
            if (next != TextAutomaton.Dead)
                Collect(next, from, end, depth + 1, found);
            from = end;
        }
    }

    private int EndOfRun(int from, int to, int depth, byte value)
    {
        while (from < to)
        {
            int middle = (from + to) >>> 1;
            if (_texts[_sorted[middle]][depth] == value)
                from = middle + 1;
            else
                to = middle;
        }

        return from;
    }
}
