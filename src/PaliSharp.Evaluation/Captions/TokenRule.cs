using System.Text.RegularExpressions;

namespace PaliSharp.Evaluation;

/// <summary>
/// A kind of token. Of all rules the one that reaches farthest is taken, what it only looks at included; of equally far ones the first.
/// </summary>
internal sealed class TokenRule
{
    private const string Looked = "ahead";

    private readonly Regex _pattern;
    private readonly Func<string, string> _write;

    /// <summary>Creates a rule.</summary>
    /// <param name="pattern">What a token looks like. A group 'ahead' in a look-ahead counts for how far the rule reaches.</param>
    /// <param name="write">What is written for it, tokens between spaces; null for the text itself.</param>
    /// <param name="isCased">Whether capitals and small letters differ.</param>
    public TokenRule(string pattern, Func<string, string>? write = null, bool isCased = false)
    {
        RegexOptions options = RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | (isCased ? RegexOptions.None : RegexOptions.IgnoreCase);
        _pattern = new Regex($"\\G(?:{pattern})", options);
        _write = write ?? (text => text);
    }

    /// <summary>The token at a place.</summary>
    /// <param name="text">The text.</param>
    /// <param name="position">The place.</param>
    /// <param name="length">The token's length.</param>
    /// <returns>How far the rule reaches; 0 if there is no such token.</returns>
    public int Reach(string text, int position, out int length)
    {
        Match match = _pattern.Match(text, position);
        length = match.Success ? match.Length : 0;
        return length == 0 ? 0 : length + match.Groups[Looked].Length;
    }

    /// <summary>What is written for a token.</summary>
    public string Write(string token) => _write(token);
}
