namespace PaliSharp.Tasks;

/// <summary>Finds the phrase that a label means.</summary>
public static class LabelSnapping
{
    /// <summary>The phrase nearest to a label by edit distance, letters of either case being equal; of equally near ones the first.</summary>
    /// <param name="label">What the model wrote.</param>
    /// <param name="phrases">What was asked for; at least one.</param>
    /// <returns>The phrase, and how many characters would have to be inserted, removed or replaced.</returns>
    /// <exception cref="ArgumentException">There is no phrase.</exception>
    public static (string Phrase, int Distance) Nearest(string label, IReadOnlyList<string> phrases)
    {
        ArgumentNullException.ThrowIfNull(label);
        ArgumentNullException.ThrowIfNull(phrases);
        if (phrases.Count == 0)
            throw new ArgumentException("There is no phrase to compare the label with.", nameof(phrases));
        return phrases.Select(phrase => (phrase, Distance: Distance(label.ToUpperInvariant(), phrase.Trim().ToUpperInvariant()))).MinBy(item => item.Distance);
    }

    private static int Distance(string left, string right)
    {
        int[] above = [.. Enumerable.Range(0, right.Length + 1)];
        int[] row = new int[right.Length + 1];
        for (int i = 0; i < left.Length; i++)
        {
            row[0] = i + 1;
            for (int j = 0; j < right.Length; j++)
                row[j + 1] = Math.Min(Math.Min(row[j], above[j + 1]) + 1, above[j] + (left[i] == right[j] ? 0 : 1));
            (above, row) = (row, above);
        }

        return above[^1];
    }
}
