using System.Net;

namespace PaliSharp.Tasks;

/// <summary>What a piece of markup is.</summary>
internal enum HtmlTokenKind
{
    Text,
    StartTag,
    EndTag,
}

/// <summary>A piece of markup: text with its character references resolved, or a tag.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">The text, or the tag's name in small letters.</param>
/// <param name="Attributes">A start tag's attributes by name in small letters; null for none.</param>
internal readonly record struct HtmlToken(HtmlTokenKind Kind, string Text, Dictionary<string, string>? Attributes);

/// <summary>
/// Splits the HTML that models write for tables into text and tags: the part of HTML's grammar that occurs there. Any string is accepted, in
/// time linear in its length; comments, declarations and instructions are left out.
/// </summary>
/// <param name="html">The markup.</param>
internal ref struct HtmlTokenizer(string html)
{
    private const int MaximumAttributes = 16;

    // A quote without an end must not make every tag search the whole text for it.
    private readonly int _lastDoubleQuote = html.LastIndexOf('"');
    private readonly int _lastSingleQuote = html.LastIndexOf('\'');
    private readonly int _lastCommentEnd = html.LastIndexOf("-->", StringComparison.Ordinal);
    private int _position;

    /// <summary>Whether the text ended inside a tag.</summary>
    public bool IsCut { get; private set; }

    /// <summary>The next piece.</summary>
    /// <returns>False at the end.</returns>
    public bool TryRead(out HtmlToken token)
    {
        while (_position < html.Length)
        {
            if (html[_position] != '<' || !IsMarkup(_position))
            {
                int start = _position++;
                while (_position < html.Length && !(html[_position] == '<' && IsMarkup(_position)))
                    _position++;
                token = new HtmlToken(HtmlTokenKind.Text, WebUtility.HtmlDecode(html[start.._position]), null);
                return true;
            }

            if (TryReadMarkup(out token))
                return true;
        }

        token = default;
        return false;
    }

    private readonly char At(int position) => position < html.Length ? html[position] : '\0';

    private readonly bool IsMarkup(int position) =>
        char.IsAsciiLetter(At(position + 1)) || At(position + 1) is '!' or '?' || (At(position + 1) == '/' && char.IsAsciiLetter(At(position + 2)));

    private bool TryReadMarkup(out HtmlToken token)
    {
        token = default;
        if (At(_position + 1) is '!' or '?')
        {
            SkipDeclaration();
            return false;
        }

        bool isEnd = At(_position + 1) == '/';
        _position += isEnd ? 2 : 1;
        string name = ReadName();
        Dictionary<string, string>? attributes = null;
        while (_position < html.Length && html[_position] != '>')
        {
            if (IsNameCharacter(html[_position]))
                ReadAttribute(ref attributes);
            else
                _position++;
        }

        IsCut |= _position >= html.Length;
        _position++;
        token = new HtmlToken(isEnd ? HtmlTokenKind.EndTag : HtmlTokenKind.StartTag, name, attributes);
        return true;
    }

    private void SkipDeclaration()
    {
        int end;
        if (html.AsSpan(_position).StartsWith("<!--"))
        {
            end = _position + 4 <= _lastCommentEnd ? html.IndexOf("-->", _position + 4, StringComparison.Ordinal) + 2 : -1;
        }
        else
        {
            end = html.IndexOf('>', _position);
        }

        IsCut |= end < 0;
        _position = end < 0 ? html.Length : end + 1;
    }

    private void ReadAttribute(ref Dictionary<string, string>? attributes)
    {
        string name = ReadName();
        SkipSpace();
        string value = string.Empty;
        if (At(_position) == '=')
        {
            _position++;
            SkipSpace();
            value = ReadValue();
        }

        attributes ??= [];
        if (attributes.Count < MaximumAttributes)
            attributes.TryAdd(name, WebUtility.HtmlDecode(value));
    }

    private string ReadValue()
    {
        char quote = At(_position);
        int last = quote switch
        {
            '"' => _lastDoubleQuote,
            '\'' => _lastSingleQuote,
            _ => -1,
        };
        if (quote is '"' or '\'')
            _position++;
        int start = _position;
        if (last >= start)
        {
            _position = html.IndexOf(quote, start);
            return html[start.._position++];
        }

        while (_position < html.Length && html[_position] != '>' && !char.IsWhiteSpace(html[_position]))
            _position++;
        return html[start.._position];
    }

    private string ReadName()
    {
        int start = _position;
        while (_position < html.Length && IsNameCharacter(html[_position]))
            _position++;
        return html[start.._position].ToLowerInvariant();
    }

    private void SkipSpace()
    {
        while (_position < html.Length && char.IsWhiteSpace(html[_position]))
            _position++;
    }

    private static bool IsNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or ':';
}
