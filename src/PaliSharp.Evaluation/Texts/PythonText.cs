using System.Buffers;
using System.Globalization;
using System.Text;

namespace PaliSharp.Evaluation;

/// <summary>Strings as Python treats them, in which the official scorers are written.</summary>
internal static class PythonText
{
    private const char DottedCapitalI = '\u0130';
    private const char CapitalSigma = '\u03A3';
    private const char SmallSigma = '\u03C3';
    private const char FinalSigma = '\u03C2';

    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789.E+-");

    /// <summary>Whether <c>str.isspace</c> is true: Unicode's white space and the four separators of ASCII.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001C' and <= '\u001F';

    /// <summary>The text without white space around it.</summary>
    public static string Strip(string text)
    {
        int start = 0;
        int end = text.Length;
        while (start < end && IsSpace(text[start]))
            start++;
        while (end > start && IsSpace(text[end - 1]))
            end--;
        return text[start..end];
    }

    /// <summary>The pieces between runs of white space.</summary>
    public static string[] Split(string text)
    {
        var pieces = new List<string>();
        int start = -1;
        for (int i = 0; i <= text.Length; i++)
        {
            bool isSpace = i == text.Length || IsSpace(text[i]);
            if (!isSpace && start < 0)
            {
                start = i;
            }
            else if (isSpace && start >= 0)
            {
                pieces.Add(text[start..i]);
                start = -1;
            }
        }

        return [.. pieces];
    }

    /// <summary>Small letters: as .NET's, but a dotted capital I becomes two characters, and a sigma at the end of a word its final form.</summary>
    public static string Lower(string text)
    {
        if (!text.AsSpan().ContainsAny(DottedCapitalI, CapitalSigma))
            return text.ToLowerInvariant();
        var lower = new StringBuilder(text.Length + 1);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == DottedCapitalI)
                lower.Append("i\u0307");
            else if (text[i] == CapitalSigma)
                lower.Append(IsFinal(text, i) ? FinalSigma : SmallSigma);
            else
                lower.Append(text[i]);
        }

        return lower.ToString().ToLowerInvariant();
    }

    /// <summary>The number that <c>float()</c> reads; null where it raises an error.</summary>
    public static double? ToFloat(string text)
    {
        string trimmed = Strip(text);
        var digits = new StringBuilder(trimmed.Length);
        for (int i = 0; i < trimmed.Length; i++)
        {
            char c = trimmed[i];
            if (c == '_')
            {
                if (i == 0 || i == trimmed.Length - 1 || !char.IsDigit(trimmed[i - 1]) || !char.IsDigit(trimmed[i + 1]))
                    return null;
            }
            else if (char.IsDigit(c))
            {
                digits.Append((char)('0' + CharUnicodeInfo.GetDecimalDigitValue(c)));
            }
            else if (c <= '\u007F' && c != ',')
            {
                digits.Append(c);
            }
            else
            {
                return null;
            }
        }

        string number = digits.ToString();
        string word = number.TrimStart('+', '-').ToUpperInvariant();
        bool isNegative = number.StartsWith('-');
        if (number.Length - word.Length <= 1)
        {
            if (word is "INF" or "INFINITY")
                return isNegative ? double.NegativeInfinity : double.PositiveInfinity;
            if (word == "NAN")
                return double.NaN;
        }

        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        bool isNumber = word.Length > 0 && word.AsSpan().IndexOfAnyExcept(NumberCharacters) < 0;
        return isNumber && double.TryParse(number, Style, CultureInfo.InvariantCulture, out double value) ? value : null;
    }

    /// <summary>The characters of a text as numbers, halves of characters apart.</summary>
    public static int[] CodePoints(string text)
    {
        var points = new List<int>(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            bool isPair = char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
            points.Add(isPair ? char.ConvertToUtf32(text[i], text[i + 1]) : text[i]);
            if (isPair)
                i++;
        }

        return [.. points];
    }

    // A letter stands before, none after.
    private static bool IsFinal(string text, int index)
    {
        int before = index - 1;
        while (before >= 0 && IsIgnorable(text[before]))
            before--;
        int after = index + 1;
        while (after < text.Length && IsIgnorable(text[after]))
            after++;
        return before >= 0 && char.IsLetter(text[before]) && !(after < text.Length && char.IsLetter(text[after]));
    }

    private static bool IsIgnorable(char c) => c is '\'' or '.' or ':' or '\u00B7' or '\u2019' || char.GetUnicodeCategory(c) is
        UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol;
}
