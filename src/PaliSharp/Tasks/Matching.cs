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
public sealed record PictureMatch(int Index, double LogProbability, double Probability);
