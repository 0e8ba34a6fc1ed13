using System.Collections.Concurrent;
using PaliSharp.Tokenization;

namespace PaliSharp.Generation;

/// <summary>
/// An automaton over bytes, walked by the tokens' texts. What a state allows is found when it is asked for first, by following the tree of all
/// token texts only as far as the automaton goes. With a limit on tokens a state holds how many are written, too, and near the limit only those
/// are allowed after which the text can still be completed.
/// </summary>
internal sealed class TextGrammar : ITokenConstraint
{
    /// <summary>The highest limit on tokens.</summary>
    public const int MaximumTokens = 100_000;

    private readonly ConcurrentDictionary<int, TokenSet> _allowed = new();
    private readonly TextAutomaton _automaton;
    private readonly TokenText _texts;
    private readonly int[] _sorted;
    private readonly int _endId;
    private readonly int? _maxTokens;
    private readonly int[] _distances;
    private readonly int _farthest;

    /// <summary>Combines a pattern with a vocabulary.</summary>
    /// <param name="tokenizer">The vocabulary.</param>
    /// <param name="automaton">The pattern.</param>
    /// <param name="maxTokens">The limit on tokens, the one that ends the text included; null for none.</param>
    /// <exception cref="PromptException">
    /// The vocabulary cannot write everything that the pattern may need, or the limit is too low for the shortest text.
    /// </exception>
    public TextGrammar(Tokenizer tokenizer, TextAutomaton automaton, int? maxTokens = null)
    {
        if (maxTokens is { } limit)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1, nameof(maxTokens));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, MaximumTokens, nameof(maxTokens));
        }

        _automaton = automaton;
        _maxTokens = maxTokens;
        _distances = automaton.DistancesToEnd();
        _farthest = _distances.Max();
        _endId = tokenizer.EosId;
        _texts = TokenText.Of(tokenizer);
        _sorted = _texts.Sorted;

        // With a token for every byte there is a way on from every state.
        for (int value = 0; value <= byte.MaxValue; value++)
        {
            if (automaton.Uses((byte)value) && !_texts.HasSingle[value])
                throw new PromptException($"The tokenizer has no token for the byte 0x{value:X2}, which the pattern may need. Use the model's own tokenizer, or a narrower pattern.");
        }

        if (_distances[0] > Remaining(Start))
            throw new PromptException($"The answer may have {maxTokens} tokens, but the shortest text of the grammar may take {_distances[0] + 1}. Raise the limit on tokens.");
    }

    private int Ended => _automaton.StateCount;

    // A state is the automaton's, and with a limit so many times all of them as tokens are written.
    private int PerToken => _automaton.StateCount + 1;

    /// <inheritdoc/>
    public int Start => 0;

    /// <inheritdoc/>
    public TokenSet Allowed(int state)
    {
        // Far from the limit what is allowed does not depend on it.
        if (Remaining(state) > _farthest + 1)
            state %= PerToken;
        return _allowed.TryGetValue(state, out TokenSet? allowed) ? allowed : _allowed.GetOrAdd(state, Find);
    }

    /// <inheritdoc/>
    public int Next(int state, int id)
    {
        if (!Allowed(state).Contains(id))
            throw new ArgumentException($"Token {id} is not allowed in state {state}.", nameof(id));
        int written = state / PerToken;
        if (id == _endId)
            return (written * PerToken) + Ended;
        int next = state % PerToken;
        foreach (byte value in _texts[id])
            next = _automaton.Next(next, value);
        return _maxTokens is null ? next : ((written + 1) * PerToken) + next;
    }

    /// <summary>How many tokens of text may still be written, one being kept for the end.</summary>
    private int Remaining(int state) => _maxTokens is { } limit ? limit - 1 - (state / PerToken) : int.MaxValue;

    private TokenSet Find(int state)
    {
        int inner = state % PerToken;

        // A state without tokens written stands for all that are far from the limit, unless the limit is near from the start.
        int remaining = Remaining(state);
        List<int> found = [];
        if (inner == Ended || _automaton.IsFinal(inner))
            found.Add(_endId);
        if (inner != Ended && remaining > 0)
            Collect(inner, 0, _sorted.Length, 0, remaining - 1, found);
        return TokenSet.Of([.. found]);
    }

    /// <summary>Walks the sorted texts from..to, which agree on their first bytes, of which there are depth.</summary>
    private void Collect(int state, int from, int to, int depth, int farthest, List<int> found)
    {
        for (; from < to && _texts[_sorted[from]].Length == depth; from++)
        {
            // Every byte has a token, so what is so many bytes from the end is at most so many tokens from it.
            if (_distances[state] <= farthest)
                found.Add(_sorted[from]);
        }

        while (from < to)
        {
            byte value = _texts[_sorted[from]][depth];
            int end = EndOfRun(from, to, depth, value);
            int next = _automaton.Next(state, value);
            if (next != TextAutomaton.Dead)
                Collect(next, from, end, depth + 1, farthest, found);
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
