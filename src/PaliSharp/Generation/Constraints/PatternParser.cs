using System.Globalization;
using System.Text;

namespace PaliSharp.Generation;

/// <summary>Reads the regular expressions of <see cref="TokenConstraints.Pattern"/> into a <see cref="PatternGraph"/>.</summary>
internal ref struct PatternParser
{
    private const int MaximumRepetitions = 1000;
    private const int MaximumDepth = 100;

    private readonly ReadOnlySpan<char> _pattern;
    private readonly PatternGraph _graph;
    private readonly Func<CodePointSet, PatternPart> _characters;
    private int _position;
    private int _depth;

    private PatternParser(ReadOnlySpan<char> pattern, PatternGraph graph, Func<CodePointSet, PatternPart> characters)
    {
        _pattern = pattern;
        _graph = graph;
        _characters = characters;
    }

    private readonly bool AtEnd => _position >= _pattern.Length;

    /// <summary>Reads a pattern.</summary>
    /// <exception cref="PromptException">It is malformed or uses what is not supported.</exception>
    /// <exception cref="ResourceLimitException">It needs too many states.</exception>
    public static PatternGraph Parse(string pattern)
    {
        var graph = new PatternGraph();
        graph.Complete(Parse(pattern, graph, graph.Characters));
        return graph;
    }

    /// <summary>Reads a pattern as a part of a graph.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="graph">Receives it.</param>
    /// <param name="characters">Adds one character of a set to the graph, in the way it is to be written.</param>
    /// <exception cref="PromptException">It is malformed or uses what is not supported.</exception>
    /// <exception cref="ResourceLimitException">It needs too many states.</exception>
    public static PatternPart Parse(string pattern, PatternGraph graph, Func<CodePointSet, PatternPart> characters)
    {
        var parser = new PatternParser(pattern, graph, characters);
        PatternPart part = parser.Alternatives();
        return parser.AtEnd ? part : throw parser.Bad("')' closes no group");
    }

    private PatternPart Alternatives()
    {
        if (++_depth > MaximumDepth)
            throw Bad($"groups are nested deeper than {MaximumDepth}");
        PatternPart part = Sequence();
        while (TryTake('|'))
            part = _graph.Either(part, Sequence());
        _depth--;
        return part;
    }

    private PatternPart Sequence()
    {
        PatternPart part = _graph.Nothing();
        while (!AtEnd && _pattern[_position] is not ('|' or ')'))
        {
            // Counted repetition copies what it repeats, by reading it again.
            int start = _position;
            PatternPart item = Item();
            (int least, int? most) = Quantifier();
            if ((least, most) != (1, 1))
            {
                int after = _position;
                item = Repeat(item, start, least, most);
                _position = after;
            }

            part = _graph.Then(part, item);
        }

        return part;
    }

    private PatternPart Repeat(PatternPart first, int start, int least, int? most)
    {
        if (most is null && least <= 1)
            return least == 0 ? _graph.Star(first) : _graph.Plus(first);
        if ((least, most) == (0, 1))
            return _graph.Optional(first);
        PatternPart part = _graph.Nothing();
        int copies = most ?? least;
        for (int i = 0; i < copies; i++)
        {
            PatternPart copy = i == 0 ? first : Again(start);
            if (i >= least)
                copy = _graph.Optional(copy);
            else if (i == least - 1 && most is null)
                copy = _graph.Plus(copy);
            part = _graph.Then(part, copy);
        }

        return part;
    }

    private PatternPart Again(int start)
    {
        _position = start;
        return Item();
    }

    private (int Least, int? Most) Quantifier()
    {
        if (TryTake('*'))
            return (0, null);
        if (TryTake('+'))
            return (1, null);
        if (TryTake('?'))
            return (0, 1);
        if (!TryTake('{'))
            return (1, 1);
        int least = Number();
        int? most = least;
        if (TryTake(','))
            most = !AtEnd && _pattern[_position] == '}' ? null : Number();
        if (!TryTake('}'))
            throw Bad("a counted repetition lacks its '}'");
        return most < least ? throw Bad($"a repetition of {least} to {most} times is empty") : (least, most);
    }

    private int Number()
    {
        int start = _position;
        while (!AtEnd && char.IsAsciiDigit(_pattern[_position]))
            _position++;
        if (!int.TryParse(_pattern[start.._position], NumberStyles.None, CultureInfo.InvariantCulture, out int value) || value > MaximumRepetitions)
            throw Bad($"a repetition needs a number of at most {MaximumRepetitions}");
        return value;
    }

    private PatternPart Item()
    {
        char c = _pattern[_position++];
        switch (c)
        {
            case '(':
                if (TryTake('?') && !TryTake(':'))
                    throw Bad("groups that begin with '(?' other than '(?:' are not supported");
                PatternPart part = Alternatives();
                return TryTake(')') ? part : throw Bad("a group lacks its ')'");
            case '[':
                return _characters(Class());
            case '.':
                return _characters(CodePointSet.Single('\n').Complement());
            case '\\':
                return _characters(Escape());
            case '*' or '+' or '?' or '{' or '}' or ']':
                throw Bad($"'{c}' stands where a character is expected; write \\{c} for the character itself");
            case '^' or '$':
                throw Bad($"'{c}' is not supported: the whole text is always matched; write \\{c} for the character itself");
            default:
                return _characters(CodePointSet.Single(CodePoint(c)));
        }
    }

    private CodePointSet Class()
    {
        bool isNegated = TryTake('^');
        CodePointSet set = CodePointSet.Empty;
        bool isFirst = true;
        while (!TryTake(']'))
        {
            if (AtEnd)
                throw Bad("a class lacks its ']'");
            CodePointSet low = ClassItem(isFirst);
            isFirst = false;
            bool isRange = _position + 1 < _pattern.Length && _pattern[_position] == '-' && _pattern[_position + 1] != ']';
            if (isRange)
            {
                _position++;
                CodePointSet high = ClassItem(isFirst: false);
                low = low.SingleValue is { } from && high.SingleValue is { } to && from <= to
                    ? CodePointSet.Range(from, to)
                    : throw Bad("a range in a class needs two characters in ascending order");
            }

            set = set.Union(low);
        }

        if (isNegated)
            set = set.Complement();
        return set.IsEmpty ? throw Bad("a class holds no character") : set;
    }

    private CodePointSet ClassItem(bool isFirst)
    {
        char c = _pattern[_position++];
        if (c == '\\')
            return Escape();
        return c == '[' && !isFirst ? throw Bad("'[' in a class is written \\[") : CodePointSet.Single(CodePoint(c));
    }

    private CodePointSet Escape()
    {
        if (AtEnd)
            throw Bad("it ends in a '\\'");
        char c = _pattern[_position++];
        CodePointSet digits = CodePointSet.Range('0', '9');
        CodePointSet word = digits.Union(CodePointSet.Range('a', 'z')).Union(CodePointSet.Range('A', 'Z')).Union(CodePointSet.Single('_'));
        CodePointSet space = CodePointSet.Single(' ').Union(CodePointSet.Range('\t', '\r'));
        return c switch
        {
            'd' => digits,
            'D' => digits.Complement(),
            'w' => word,
            'W' => word.Complement(),
            's' => space,
            'S' => space.Complement(),
            'n' => CodePointSet.Single('\n'),
            'r' => CodePointSet.Single('\r'),
            't' => CodePointSet.Single('\t'),
            'x' => CodePointSet.Single(Hexadecimal(2)),
            'u' => CodePointSet.Single(Hexadecimal(4)),
            _ when char.IsAsciiLetterOrDigit(c) => throw Bad($"'\\{c}' is not supported"),
            _ => CodePointSet.Single(CodePoint(c)),
        };
    }

    private int Hexadecimal(int digits)
    {
        if (_position + digits > _pattern.Length
            || !int.TryParse(_pattern.Slice(_position, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value)
            || value is >= 0xD800 and <= 0xDFFF)
        {
            throw Bad($"an escape needs {digits} hexadecimal digits of a character");
        }

        _position += digits;
        return value;
    }

    private int CodePoint(char c)
    {
        if (!char.IsSurrogate(c))
            return c;
        if (!AtEnd && Rune.TryCreate(c, _pattern[_position], out Rune rune))
        {
            _position++;
            return rune.Value;
        }

        throw Bad("it holds half a character");
    }

    private bool TryTake(char c)
    {
        if (AtEnd || _pattern[_position] != c)
            return false;
        _position++;
        return true;
    }

    private readonly PromptException Bad(string problem) =>
        new($"The pattern '{Checkpoints.Problems.Shorten(_pattern.ToString())}' cannot be used: {problem} (at character {_position}).");
}
