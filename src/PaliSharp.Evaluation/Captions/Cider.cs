namespace PaliSharp.Evaluation;

/// <summary>
/// CIDEr as pycocoevalcap computes it, which is CIDEr-D: groups of one to four words weighted by how rare they are among the references of the corpus,
/// counts clipped to the reference, lengths compared by a Gaussian of 6 words, times 10. Papers print it × 100. A corpus of one picture scores 0.
/// </summary>
public static class Cider
{
    private const int Longest = 4;
    private const double Sigma = 6;

    /// <summary>Scores a corpus.</summary>
    /// <param name="items">The captions, all of the corpus: rarity is measured over its references.</param>
    public static CaptionScore Score(IReadOnlyList<CaptionItem> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        string[][][] references = [.. items.Select(item => item.References.Select(PythonText.Split).ToArray())];
        Dictionary<string, int>[] documents = DocumentFrequencies(references);
        double logCount = Math.Log(items.Count);
        double[] scores = new double[items.Count];
        for (int i = 0; i < scores.Length; i++)
        {
            Vector hypothesis = Vector.Of(PythonText.Split(items[i].Hypothesis), documents, logCount);
            double sum = references[i].Sum(reference => Similarity(hypothesis, Vector.Of(reference, documents, logCount)));
            scores[i] = sum / Longest / references[i].Length * 10;
        }

        return new CaptionScore(scores.Average(), scores);
    }

    private static Dictionary<string, int>[] DocumentFrequencies(string[][][] references)
    {
        Dictionary<string, int>[] documents = [.. Enumerable.Range(0, Longest).Select(_ => new Dictionary<string, int>(StringComparer.Ordinal))];
        foreach (string[][] item in references)
        {
            for (int n = 0; n < Longest; n++)
            {
                foreach (string group in item.SelectMany(reference => WordGroups.Count(reference, n + 1).Keys).Distinct(StringComparer.Ordinal))
                    documents[n][group] = documents[n].GetValueOrDefault(group) + 1;
            }
        }

        return documents;
    }

    private static double Similarity(Vector hypothesis, Vector reference)
    {
        double delta = hypothesis.Length - reference.Length;
        double lengths = Math.Exp(-(delta * delta) / (2 * Sigma * Sigma));
        double sum = 0;
        for (int n = 0; n < Longest; n++)
        {
            double product = 0;
            foreach ((string group, double weight) in hypothesis.Weights[n])
            {
                double right = reference.Weights[n].GetValueOrDefault(group);
                product += Math.Min(weight, right) * right;
            }

            if (hypothesis.Norms[n] != 0 && reference.Norms[n] != 0)
                product /= hypothesis.Norms[n] * reference.Norms[n];
            sum += product * lengths;
        }

        return sum;
    }

    /// <summary>A caption as weights of its word groups.</summary>
    /// <param name="Weights">By length of the groups: the weight of each.</param>
    /// <param name="Norms">By length of the groups: the square root of the sum of squares.</param>
    /// <param name="Length">The number of pairs of words.</param>
    private sealed record Vector(Dictionary<string, double>[] Weights, double[] Norms, int Length)
    {
        public static Vector Of(string[] words, Dictionary<string, int>[] documents, double logCount)
        {
            var weights = new Dictionary<string, double>[Longest];
            double[] norms = new double[Longest];
            for (int n = 0; n < Longest; n++)
            {
                weights[n] = new Dictionary<string, double>(StringComparer.Ordinal);
                foreach ((string group, int count) in WordGroups.Count(words, n + 1))
                {
                    double weight = count * (logCount - Math.Log(Math.Max(1, documents[n].GetValueOrDefault(group))));
                    weights[n].Add(group, weight);
                    norms[n] += weight * weight;
                }

                norms[n] = Math.Sqrt(norms[n]);
            }

            return new Vector(weights, norms, Math.Max(0, words.Length - 1));
        }
    }
}
