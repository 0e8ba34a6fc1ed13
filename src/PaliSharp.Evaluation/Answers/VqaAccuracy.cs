using System.Globalization;
using System.Text;

namespace PaliSharp.Evaluation;

/// <summary>The accuracy of VQAv2 and TextVQA: ten right answers, normalised texts, the mean over leaving one out.</summary>
public static class VqaAccuracy
{
    private const string Punctuation = ";/[]\"{}()=+\\_-><@`,?!";
    private const int MostPeriodsOfficial = 32;

    /// <summary>
    /// The accuracy of an answer: the mean over the right answers, each left out in turn, of min(1, equal ones / 3). Texts are normalised unless all
    /// right answers are identical.
    /// </summary>
    /// <param name="prediction">The answer in question.</param>
    /// <param name="answers">The right answers, ten of them by the book.</param>
    public static double Score(string prediction, IReadOnlyList<string> answers)
    {
        ArgumentNullException.ThrowIfNull(prediction);
        ArgumentNullException.ThrowIfNull(answers);
        string[] right = [.. answers.Select(Strip)];
        string found = Strip(prediction);
        if (right.Distinct(StringComparer.Ordinal).Skip(1).Any())
        {
            right = Array.ConvertAll(right, text => Normalize(text));
            found = Normalize(found);
        }

        int matches = right.Count(text => text == found);
        return right.Average(text => Math.Min(1, (matches - (text == found ? 1 : 0)) / 3.0));
    }

    /// <summary>The text with newlines and tabs as spaces, and no white space around it.</summary>
    /// <param name="text">The text.</param>
    public static string Strip(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return PythonText.Strip(text.Replace('\n', ' ').Replace('\t', ' '));
    }

    /// <summary>The text as it is compared: punctuation, articles, contractions and number words normalised.</summary>
    /// <param name="text">The text.</param>
    /// <param name="isOfficial">
    /// Removes at most 32 periods, as the official script does by a slip; big_vision removes all that stand before no digit. Nothing else differs.
    /// </param>
    public static string Normalize(string text, bool isOfficial = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        bool hasDigitComma = HasDigitComma(text);
        string cleaned = text;
        foreach (char sign in Punctuation)
        {
            // Whether it is deleted or becomes a space is asked of the whole text, not of each place.
            bool isDeleted = hasDigitComma || text.Contains($"{sign} ", StringComparison.Ordinal) || text.Contains($" {sign}", StringComparison.Ordinal);
            cleaned = cleaned.Replace(sign.ToString(), isDeleted ? string.Empty : " ", StringComparison.Ordinal);
        }

        cleaned = WithoutPeriods(cleaned, isOfficial ? MostPeriodsOfficial : int.MaxValue);
        return string.Join(' ', PythonText.Split(PythonText.Lower(cleaned)).Where(word => word is not ("a" or "an" or "the")).Select(VqaWords.Replace));
    }

    private static bool HasDigitComma(string text)
    {
        for (int i = 1; i + 1 < text.Length; i++)
        {
            if (text[i] == ',' && IsDigitBefore(text, i) && IsDigitAt(text, i + 1))
                return true;
        }

        return false;
    }

    private static string WithoutPeriods(string text, int most)
    {
        var kept = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '.' || most == 0 || IsDigitAt(text, i + 1))
                kept.Append(text[i]);
            else
                most--;
        }

        return kept.ToString();
    }

    private static bool IsDigitAt(string text, int index) =>
        index < text.Length && CharUnicodeInfo.GetUnicodeCategory(text, index) == UnicodeCategory.DecimalDigitNumber;

    private static bool IsDigitBefore(string text, int index) =>
        IsDigitAt(text, index >= 2 && char.IsLowSurrogate(text[index - 1]) && char.IsHighSurrogate(text[index - 2]) ? index - 2 : index - 1);
}
