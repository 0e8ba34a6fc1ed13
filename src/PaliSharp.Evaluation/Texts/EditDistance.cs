namespace PaliSharp.Evaluation;

/// <summary>How many insertions, removals and replacements turn one sequence into another (Levenshtein), and rates of it.</summary>
public static class EditDistance
{
    /// <summary>The distance of two sequences. Time is the product of their lengths.</summary>
    /// <typeparam name="T">What they consist of.</typeparam>
    /// <param name="first">A sequence.</param>
    /// <param name="second">Another.</param>
    public static int Of<T>(ReadOnlySpan<T> first, ReadOnlySpan<T> second)
        where T : IEquatable<T>
    {
        int same = first.CommonPrefixLength(second);
        first = first[same..];
        second = second[same..];
        int[] row = new int[second.Length + 1];
        for (int j = 0; j < row.Length; j++)
            row[j] = j;
        for (int i = 0; i < first.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i + 1;
            for (int j = 0; j < second.Length; j++)
            {
                int above = row[j + 1];
                row[j + 1] = Math.Min(Math.Min(above, row[j]) + 1, diagonal + (first[i].Equals(second[j]) ? 0 : 1));
                diagonal = above;
            }
        }

        return row[^1];
    }

    /// <summary>The distance of two texts, character by character (Unicode code points).</summary>
    /// <param name="first">A text.</param>
    /// <param name="second">Another.</param>
    public static int OfCharacters(string first, string second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return Of<int>(PythonText.CodePoints(first), PythonText.CodePoints(second));
    }

    /// <summary>The distance of two texts divided by the length of the longer one, 0 to 1; 0 for two empty ones.</summary>
    /// <param name="first">A text.</param>
    /// <param name="second">Another.</param>
    public static double Normalized(string first, string second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        int longer = Math.Max(PythonText.CodePoints(first).Length, PythonText.CodePoints(second).Length);
        return longer == 0 ? 0 : (double)OfCharacters(first, second) / longer;
    }

    /// <summary>Edits and reference characters of a pair, white space around both texts left out (jiwer's CER).</summary>
    /// <param name="reference">The right text.</param>
    /// <param name="hypothesis">The text in question.</param>
    public static ErrorCount Characters(string reference, string hypothesis)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(hypothesis);
        string right = PythonText.Strip(reference);
        return new ErrorCount(OfCharacters(right, PythonText.Strip(hypothesis)), PythonText.CodePoints(right).Length);
    }

    /// <summary>Edits and reference words of a pair; runs of white space become one space, words are what stands between spaces (jiwer's WER).</summary>
    /// <param name="reference">The right text.</param>
    /// <param name="hypothesis">The text in question.</param>
    public static ErrorCount Words(string reference, string hypothesis)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(hypothesis);
        string[] right = SplitWords(reference);
        return new ErrorCount(Of<string>(right, SplitWords(hypothesis)), right.Length);
    }

    // Only runs of several are squeezed: a single tab or newline joins its neighbours to one word.
    private static string[] SplitWords(string text)
    {
        var squeezed = new System.Text.StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            int end = i;
            while (end < text.Length && PythonText.IsSpace(text[end]))
                end++;
            if (end - i >= 2)
            {
                squeezed.Append(' ');
                i = end - 1;
            }
            else
            {
                squeezed.Append(text[i]);
            }
        }

        return PythonText.Strip(squeezed.ToString()).Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }
}

/// <summary>Edits and what they are divided by; add counts up for the rate of a corpus.</summary>
/// <param name="Edits">The edits.</param>
/// <param name="Length">The length of the reference.</param>
public readonly record struct ErrorCount(int Edits, int Length)
{
    /// <summary>Edits divided by length; may exceed 1, and is infinite or not a number for an empty reference.</summary>
    public double Rate => (double)Edits / Length;

    /// <summary>The counts of two texts together.</summary>
    public static ErrorCount operator +(ErrorCount left, ErrorCount right) => new(left.Edits + right.Edits, left.Length + right.Length);
}
