using System.Text;

namespace PaliSharp.Generation;

/// <summary>A part of a pattern between two states.</summary>
/// <param name="Entry">Where it begins.</param>
/// <param name="Exit">Where it ends.</param>
internal readonly record struct PatternPart(int Entry, int Exit);

/// <summary>A pattern as a graph over bytes with free steps (Thompson's construction).</summary>
internal sealed class PatternGraph
{
    /// <summary>The most states; a pattern that needs more is refused.</summary>
    public const int MaximumStates = 50_000;

    private readonly List<State> _states = [];

    /// <summary>The state before the text.</summary>
    public int Start { get; private set; }

    /// <summary>The state after the text.</summary>
    public int Final { get; private set; }

    /// <summary>The number of states.</summary>
    public int Count => _states.Count;

    /// <summary>The states reached without a byte.</summary>
    public IReadOnlyList<int> FreeSteps(int state) => _states[state].Free;

    /// <summary>The states reached by a byte in a range.</summary>
    public IReadOnlyList<(byte First, byte Last, int Target)> ByteSteps(int state) => _states[state].Bytes;

    /// <summary>Takes a part as the whole.</summary>
    public void Complete(PatternPart whole) => (Start, Final) = (whole.Entry, whole.Exit);

    /// <summary>The empty text.</summary>
    public PatternPart Nothing()
    {
        int state = AddState();
        return new PatternPart(state, state);
    }

    /// <summary>One part after another.</summary>
    public PatternPart Then(PatternPart first, PatternPart second)
    {
        Connect(first.Exit, second.Entry);
        return new PatternPart(first.Entry, second.Exit);
    }

    /// <summary>One part or another.</summary>
    public PatternPart Either(PatternPart first, PatternPart second)
    {
        var part = new PatternPart(AddState(), AddState());
        Connect(part.Entry, first.Entry);
        Connect(part.Entry, second.Entry);
        Connect(first.Exit, part.Exit);
        Connect(second.Exit, part.Exit);
        return part;
    }

    /// <summary>A part or nothing.</summary>
    public PatternPart Optional(PatternPart part) => Either(part, Nothing());

    /// <summary>A part once or more.</summary>
    public PatternPart Plus(PatternPart part)
    {
        var whole = new PatternPart(AddState(), AddState());
        Connect(whole.Entry, part.Entry);
        Connect(part.Exit, part.Entry);
        Connect(part.Exit, whole.Exit);
        return whole;
    }

    /// <summary>A part any number of times.</summary>
    public PatternPart Star(PatternPart part) => Optional(Plus(part));

    /// <summary>One character of a set, as UTF-8.</summary>
    public PatternPart Characters(CodePointSet set)
    {
        var part = new PatternPart(AddState(), AddState());
        foreach ((int first, int last) in set.Ranges)
            AddRange(part, first, last);
        return part;
    }

    /// <summary>A text as it is.</summary>
    public PatternPart Text(ReadOnlySpan<char> text)
    {
        PatternPart part = Nothing();
        foreach (Rune rune in text.EnumerateRunes())
            part = Then(part, Characters(CodePointSet.Single(rune.Value)));
        return part;
    }

    /// <summary>A part least to most times, or least times and more.</summary>
    /// <param name="part">Adds the part anew each time.</param>
    /// <param name="least">The fewest times.</param>
    /// <param name="most">The most times, at least <paramref name="least"/>; null for any number.</param>
    public PatternPart Repeat(Func<PatternPart> part, int least, int? most)
    {
        // From the end on, so that what may be left out is left out as a whole: x(x(x)?)?
        PatternPart rest = most is null ? Star(part()) : Nothing();
        for (int i = most ?? least; i > 0; i--)
        {
            rest = Then(part(), rest);
            if (i > least)
                rest = Optional(rest);
        }

        return rest;
    }

    /// <summary>A new state, to be joined with others.</summary>
    public int AddState()
    {
        if (_states.Count == MaximumStates)
            throw new ResourceLimitException($"The pattern needs more than {MaximumStates} states. Use smaller repetitions.");
        _states.Add(new State());
        return _states.Count - 1;
    }

    /// <summary>Lets a state be reached from another without a byte.</summary>
    public void Connect(int from, int to) => _states[from].Free.Add(to);

    /// <summary>Splits a range until all of its characters have one length and differ in whole ranges of their last bytes only.</summary>
    private void AddRange(PatternPart part, int first, int last)
    {
        foreach (int limit in (ReadOnlySpan<int>)[0x7F, 0x7FF, 0xFFFF])
        {
            if (first <= limit && last > limit)
            {
                AddRange(part, first, limit);
                AddRange(part, limit + 1, last);
                return;
            }
        }

        for (int bits = 6; bits <= 18; bits += 6)
        {
            int low = (1 << bits) - 1;
            if (last <= 0x7F || (first & ~low) == (last & ~low))
                continue;
            if ((first & low) != 0)
            {
                AddRange(part, first, first | low);
                AddRange(part, (first | low) + 1, last);
                return;
            }

            if ((last & low) != low)
            {
                AddRange(part, first, (last & ~low) - 1);
                AddRange(part, last & ~low, last);
                return;
            }
        }

        AddBytes(part, first, last);
    }

    private void AddBytes(PatternPart part, int first, int last)
    {
        Span<byte> firstBytes = stackalloc byte[4];
        Span<byte> lastBytes = stackalloc byte[4];
        int length = new Rune(first).EncodeToUtf8(firstBytes);
        new Rune(last).EncodeToUtf8(lastBytes);
        int from = part.Entry;
        for (int i = 0; i < length; i++)
        {
            int to = i == length - 1 ? part.Exit : AddState();
            _states[from].Bytes.Add((firstBytes[i], lastBytes[i], to));
            from = to;
        }
    }

    private sealed class State
    {
        public List<int> Free { get; } = [];

        public List<(byte First, byte Last, int Target)> Bytes { get; } = [];
    }
}
