using PaliSharp.Segmentation;
using PaliSharp.Tasks;
using PaliSharp.Tokenization;

namespace PaliSharp.Generation;

/// <summary>
/// <c>&lt;loc&gt;×4 [&lt;seg&gt;×16] label ; …</c> as an automaton whose states are computed instead of stored: a state holds the number of
/// the object, the place in it, and of the bins before it those that bound the next, so that every box has max &gt; min.
/// </summary>
internal sealed class ObjectGrammar : ITokenConstraint
{
    /// <summary>What a label's automaton returns when the next object is to begin.</summary>
    public const int NextObject = -1;

    private const int Ended = int.MaxValue;

    // The places in an object: before it, after y min, after x min, after y max, then before each code, then in the label.
    private const int AfterYMin = 1;

    private readonly int _firstLocation;
    private readonly int _bins;
    private readonly int _endId;
    private readonly int _codes;
    private readonly ITokenConstraint _labels;
    private readonly ITokenConstraint _lastLabels;
    private readonly int _perObject;
    private readonly TokenSet[] _above;
    private readonly TokenSet _minima;
    private readonly TokenSet _minimaOrEnd;
    private readonly TokenSet _allCodes;
    private readonly TokenSet _end;

    /// <summary>Creates the automaton.</summary>
    /// <param name="tokenizer">Has location tokens, and segmentation tokens if masks are wanted.</param>
    /// <param name="hasMasks">Whether 16 segmentation tokens follow each box.</param>
    /// <param name="labels">What follows, and the separator to the next object.</param>
    /// <param name="lastLabels">What follows the last object.</param>
    /// <param name="maxObjects">The most objects.</param>
    public ObjectGrammar(Tokenizer tokenizer, bool hasMasks, LabelGrammar labels, LabelGrammar lastLabels, int maxObjects)
    {
        _firstLocation = tokenizer.FirstLocationId!.Value;
        _bins = tokenizer.LocationCount;
        _endId = tokenizer.EosId;
        _codes = hasMasks ? MaskCodec.CodesPerMask : 0;
        _labels = labels.Automaton;
        _lastLabels = lastLabels.Automaton;
        _perObject = Labels + Math.Max(labels.StateCount, lastLabels.StateCount);
        MaxObjects = Math.Min(maxObjects, (Ended - 1) / _perObject);
        _above = [.. Enumerable.Range(0, _bins).Select(bin => TokenSet.Range(_firstLocation + bin + 1, _firstLocation + _bins))];

        // The last bin cannot be a minimum: nothing lies above it.
        _minima = TokenSet.Range(_firstLocation, _firstLocation + _bins - 1);
        _end = TokenSet.Of(_endId);
        _minimaOrEnd = _minima.Union(_end);
        int firstCode = tokenizer.FirstSegmentationId ?? 0;
        _allCodes = TokenSet.Range(firstCode, firstCode + tokenizer.SegmentationCount);
    }

    /// <inheritdoc/>
    public int Start => 0;

    /// <summary>The most objects.</summary>
    public int MaxObjects { get; }

    private int AfterXMin => AfterYMin + _bins;

    private int AfterYMax => AfterXMin + (_bins * _bins);

    private int Codes => AfterYMax + _bins;

    private int Labels => Codes + _codes;

    /// <inheritdoc/>
    public TokenSet Allowed(int state)
    {
        if (state == Ended)
            return _end;
        int place = state % _perObject;
        if (place == 0)
            return state == 0 ? _minimaOrEnd : _minima;
        if (place < AfterXMin)
            return _minima;
        if (place < AfterYMax)
            return _above[(place - AfterXMin) / _bins];
        if (place < Codes)
            return _above[place - AfterYMax];
        return place < Labels ? _allCodes : LabelsOf(state).Allowed(place - Labels);
    }

    /// <inheritdoc/>
    public int Next(int state, int id)
    {
        if (!Allowed(state).Contains(id))
            throw new ArgumentException($"Token {id} is not allowed in state {state}.", nameof(id));
        if (id == _endId)
            return Ended;
        int place = state % _perObject;
        int first = state - place;
        int bin = id - _firstLocation;
        if (place == 0)
            return first + AfterYMin + bin;
        if (place < AfterXMin)
            return first + AfterXMin + ((place - AfterYMin) * _bins) + bin;
        if (place < AfterYMax)
            return first + AfterYMax + ((place - AfterXMin) % _bins);
        if (place < Codes)
            return first + (_codes > 0 ? Codes : Labels);
        if (place < Labels)
            return state + 1;
        int next = LabelsOf(state).Next(place - Labels, id);
        return next == NextObject ? first + _perObject : first + Labels + next;
    }

    private ITokenConstraint LabelsOf(int state) => state / _perObject == MaxObjects - 1 ? _lastLabels : _labels;
}

/// <summary>The automaton of a label and of the separator behind it, starting in state 0.</summary>
/// <param name="Automaton">Returns <see cref="ObjectGrammar.NextObject"/> after a separator.</param>
/// <param name="StateCount">Its states are below this.</param>
/// <param name="MaxTokens">The most tokens it takes.</param>
internal sealed record LabelGrammar(ITokenConstraint Automaton, int StateCount, int MaxTokens)
{
    private const string Separator = " ; ";

    /// <summary>Labels out of a set.</summary>
    public static LabelGrammar OneOf(Tokenizer tokenizer, IReadOnlyList<string> labels, bool isLast)
    {
        var trie = new TokenTrie(tokenizer.EosId);
        int longest = 0;
        foreach (string label in labels)
        {
            // With the separator in one go, as training texts were tokenised.
            int[] withSeparator = tokenizer.Encode($" {label.Trim()}{Separator}");
            trie.Add(tokenizer.Encode($" {label.Trim()}"));
            if (!isLast)
                trie.AddExit(withSeparator, ObjectGrammar.NextObject);
            longest = Math.Max(longest, withSeparator.Length);
        }

        return new LabelGrammar(trie, trie.StateCount, longest);
    }

    /// <summary>Any text of so many tokens at most, maybe none, without the separator, a newline and control tokens.</summary>
    public static LabelGrammar Free(Tokenizer tokenizer, int maxTokens, bool isLast)
    {
        int[] separator = tokenizer.Encode(Separator);
        TokenSet end = TokenSet.Of(tokenizer.EosId);
        TokenSet text = TokenText.Of(tokenizer).LabelTokens.Without(separator[0]);

        // States: so many tokens of text; then so many of the separator; then the end.
        int ended = maxTokens + separator.Length;
        var states = new List<TokenTransition[]>();
        for (int written = 0; written <= maxTokens; written++)
        {
            List<TokenTransition> transitions = [new(end, ended)];
            if (written < maxTokens)
                transitions.Add(new(text, written + 1));
            if (!isLast)
                transitions.Add(new(TokenSet.Of(separator[0]), separator.Length > 1 ? maxTokens + 1 : ObjectGrammar.NextObject));
            states.Add([.. transitions]);
        }

        for (int i = 1; i < separator.Length; i++)
            states.Add([new(TokenSet.Of(separator[i]), i + 1 < separator.Length ? maxTokens + i + 1 : ObjectGrammar.NextObject)]);
        states.Add([new(end, ended)]);
        return new LabelGrammar(new TransitionTable(states), states.Count, maxTokens + separator.Length);
    }

    /// <summary>As <see cref="TokenAutomaton"/>, but transitions may leave the automaton.</summary>
    private sealed class TransitionTable(List<TokenTransition[]> states) : ITokenConstraint
    {
        private readonly TokenSet[] _allowed = [.. states.Select(state => state.Aggregate(TokenSet.Empty, (set, transition) => set.Union(transition.Ids)))];

        public int Start => 0;

        public TokenSet Allowed(int state) => _allowed[state];

        public int Next(int state, int id)
        {
            foreach (TokenTransition transition in states[state])
            {
                if (transition.Ids.Contains(id))
                    return transition.Target;
            }

            throw new ArgumentException($"Token {id} is not allowed in state {state}.", nameof(id));
        }
    }
}
