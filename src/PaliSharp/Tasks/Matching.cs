namespace PaliSharp.Tasks;

/// <summary>How pictures and texts are matched.</summary>
public sealed record MatchOptions
{
    /// <summary>The prompt whose answer the text might be.</summary>
    public string Prompt { get; init; } = TaskPrompts.Caption();

    /// <summary>What the likelihood of a text is compared with, so that common texts are not favoured.</summary>
    public LabelPrior Prior { get; init; }

    /// <summary>The most pictures under way together, at least 1.</summary>
    public int Concurrency { get; init; } = 16;
}

/// <summary>How well a text fits a picture.</summary>
/// <param name="Score">
/// How much likelier the model finds each token of the text with the picture than without it, the mean of the differences of log-probability: above 0
/// the picture speaks for the text.
/// </param>
/// <param name="LogProbability">The log-probability of the text with the picture.</param>
/// <param name="PriorLogProbability">The same without the picture.</param>
public sealed record MatchResult(double Score, double LogProbability, double PriorLogProbability);

/// <summary>A picture's place in a ranking.</summary>
/// <param name="Index">Its place among the pictures given.</param>
/// <param name="LogProbability">The log-probability of the text with this picture.</param>
/// <param name="Probability">The softmax of the log-probabilities over all pictures, 0 to 1.</param>
public sealed record PictureMatch(int Index, double LogProbability, double Probability)
{
    /// <summary>Ranks pictures for a text.</summary>
    /// <param name="logProbabilities">The log-probability of the text with each picture; none of them NaN.</param>
    /// <returns>The pictures, the best first; equal ones in the order given.</returns>
    public static IReadOnlyList<PictureMatch> Rank(IReadOnlyList<double> logProbabilities)
    {
        ArgumentNullException.ThrowIfNull(logProbabilities);
        if (logProbabilities.Count == 0)
            return [];
        double best = logProbabilities.Max();
        double total = logProbabilities.Sum(value => Math.Exp(value - best));
        return
        [
            .. logProbabilities
                .Select((value, i) => new PictureMatch(i, value, Math.Exp(value - best) / total))
                .OrderByDescending(match => match.LogProbability),
        ];
    }
}
