namespace PaliSharp.Evaluation;

/// <summary>A caption in question and the right ones for its picture, as texts of tokens between spaces.</summary>
/// <param name="Hypothesis">The caption in question.</param>
/// <param name="References">The right ones, at least one.</param>
public sealed record CaptionItem(string Hypothesis, IReadOnlyList<string> References);

/// <summary>A score of a corpus and of each of its items.</summary>
/// <param name="Score">The corpus.</param>
/// <param name="Items">Each item.</param>
public sealed record CaptionScore(double Score, IReadOnlyList<double> Items);

/// <summary>BLEU with one to four words a time, of a corpus and of each of its items.</summary>
/// <param name="Scores">BLEU-1 to BLEU-4 of the corpus.</param>
/// <param name="Items">The same of each item.</param>
public sealed record BleuScore(IReadOnlyList<double> Scores, IReadOnlyList<IReadOnlyList<double>> Items);

/// <summary>BLEU and ROUGE-L as pycocoevalcap computes them; for CIDEr see <see cref="Cider"/>.</summary>
public static class CaptionMetrics
{
    private const int Longest = 4;
    private const double Small = 1e-9;
    private const double Tiny = 1e-15;
    private const double RougeBeta = 1.2;

    /// <summary>BLEU: the share of word groups that a reference has, too, against the reference whose length is closest.</summary>
    /// <param name="items">The captions.</param>
    public static BleuScore Bleu(IReadOnlyList<CaptionItem> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        double[] guesses = new double[Longest];
        double[] hits = new double[Longest];
        double length = 0;
        double referenceLength = 0;
        var scores = new List<IReadOnlyList<double>>();
        foreach (CaptionItem item in items)
        {
            string[] words = PythonText.Split(item.Hypothesis);
            string[][] references = [.. item.References.Select(PythonText.Split)];
            int closest = references.Select(reference => reference.Length).OrderBy(other => Math.Abs(other - words.Length)).ThenBy(other => other).First();
            double[] own = new double[Longest];
            double[] ownGuesses = new double[Longest];
            for (int n = 1; n <= Longest; n++)
            {
                ownGuesses[n - 1] = Math.Max(0, words.Length - n + 1);
                own[n - 1] = Clipped(words, references, n);
                guesses[n - 1] += ownGuesses[n - 1];
                hits[n - 1] += own[n - 1];
            }

            length += words.Length;
            referenceLength += closest;
            scores.Add(Combine(own, ownGuesses, words.Length, closest));
        }

        return new BleuScore(Combine(hits, guesses, length, referenceLength), scores);
    }

    /// <summary>ROUGE-L: the longest common subsequence of words, its best precision and best recall over the references joined with β = 1.2.</summary>
    /// <param name="items">The captions.</param>
    public static CaptionScore RougeL(IReadOnlyList<CaptionItem> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        double[] scores = [.. items.Select(RougeL)];
        return new CaptionScore(scores.Average(), scores);
    }

    private static double RougeL(CaptionItem item)
    {
        string[] words = item.Hypothesis.Split(' ');
        double precision = 0;
        double recall = 0;
        foreach (string reference in item.References)
        {
            string[] right = reference.Split(' ');
            double common = CommonLength(right, words);
            precision = Math.Max(precision, common / words.Length);
            recall = Math.Max(recall, common / right.Length);
        }

        return precision == 0 || recall == 0 ? 0 : (1 + (RougeBeta * RougeBeta)) * precision * recall / (recall + (RougeBeta * RougeBeta * precision));
    }

    private static int CommonLength(string[] first, string[] second)
    {
        int[] row = new int[second.Length + 1];
        foreach (string word in first)
        {
            int diagonal = 0;
            for (int j = 0; j < second.Length; j++)
            {
                int above = row[j + 1];
                row[j + 1] = word == second[j] ? diagonal + 1 : Math.Max(above, row[j]);
                diagonal = above;
            }
        }

        return row[^1];
    }

    private static int Clipped(string[] words, string[][] references, int n)
    {
        Dictionary<string, int>[] right = [.. references.Select(reference => WordGroups.Count(reference, n))];
        return WordGroups.Count(words, n).Sum(group => Math.Min(group.Value, right.Max(counts => counts.GetValueOrDefault(group.Key))));
    }

    private static double[] Combine(double[] hits, double[] guesses, double length, double referenceLength)
    {
        double[] scores = new double[Longest];
        double product = 1;
        double ratio = (length + Tiny) / (referenceLength + Small);
        double penalty = ratio < 1 ? Math.Exp(1 - (1 / ratio)) : 1;
        for (int n = 0; n < Longest; n++)
        {
            product *= (hits[n] + Tiny) / (guesses[n] + Small);
            scores[n] = Math.Pow(product, 1.0 / (n + 1)) * penalty;
        }

        return scores;
    }
}

/// <summary>Groups of neighbouring words.</summary>
internal static class WordGroups
{
    /// <summary>How often each group of n words occurs; words in a group are joined by a space.</summary>
    public static Dictionary<string, int> Count(string[] words, int n)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i + n <= words.Length; i++)
        {
            string group = string.Join(' ', words.AsSpan(i, n)!);
            counts[group] = counts.GetValueOrDefault(group) + 1;
        }

        return counts;
    }
}
