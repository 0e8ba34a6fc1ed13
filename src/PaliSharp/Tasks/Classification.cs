namespace PaliSharp.Tasks;

/// <summary>What labels are compared by.</summary>
public enum LabelScoring
{
    /// <summary>The sum of the log-probabilities of the label's tokens and of the end: how likely the whole answer is.</summary>
    Sum,

    /// <summary>That sum divided by the number of tokens, the end included: does not favour short labels.</summary>
    Mean,

    /// <summary>
    /// That sum less the one without the picture, see <see cref="LabelPrior"/>: what the picture says for the label, whatever the model writes by
    /// habit. Twice the work.
    /// </summary>
    PriorCorrected,
}

/// <summary>What <see cref="LabelScoring.PriorCorrected"/> compares with.</summary>
public enum LabelPrior
{
    /// <summary>The same prompt about an empty, mid-grey picture: the model sees a picture, as it was trained.</summary>
    BlankPicture,

    /// <summary>The prompt alone.</summary>
    NoPicture,
}

/// <summary>How labels are scored.</summary>
public sealed record ClassificationOptions
{
    /// <summary>What labels are compared by.</summary>
    public LabelScoring Scoring { get; init; }

    /// <summary>What <see cref="LabelScoring.PriorCorrected"/> compares with.</summary>
    public LabelPrior Prior { get; init; }

    /// <summary>Applies the checkpoint's final soft-cap to every logit; on by default (transformers).</summary>
    public bool FinalSoftCap { get; init; } = true;
}

/// <summary>How well a label fits.</summary>
/// <param name="Label">The label.</param>
/// <param name="Index">Its place among the labels given.</param>
/// <param name="Score">What labels are compared by, see <see cref="LabelScoring"/>; higher is better.</param>
/// <param name="Probability">The softmax of the scores over all labels, 0 to 1.</param>
/// <param name="LogProbability">The sum of the log-probabilities of its tokens and of the end, whatever the scoring.</param>
/// <param name="TokenLogProbabilities">The log-probability of each of its tokens, then that of the end.</param>
public sealed record LabelScore(string Label, int Index, double Score, double Probability, double LogProbability, IReadOnlyList<float> TokenLogProbabilities);

/// <summary>Labels ranked for a picture.</summary>
public sealed record ClassificationResult
{
    /// <summary>All labels, the best first; equal ones in the order given.</summary>
    public required IReadOnlyList<LabelScore> Labels { get; init; }

    /// <summary>The text the model saw.</summary>
    public required string Prompt { get; init; }

    /// <summary>The best label.</summary>
    public LabelScore Best => Labels[0];

    /// <summary>The best labels.</summary>
    /// <param name="count">How many, at least 1; all if there are fewer.</param>
    public IReadOnlyList<LabelScore> Top(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return [.. Labels.Take(count)];
    }

    /// <summary>Ranks labels.</summary>
    /// <param name="labels">The labels.</param>
    /// <param name="tokens">For each label the log-probabilities of its tokens and of the end.</param>
    /// <param name="prior">The same without the picture; null unless the scoring needs it.</param>
    /// <param name="scoring">What they are compared by.</param>
    /// <param name="prompt">The text the model saw.</param>
    internal static ClassificationResult Rank(IReadOnlyList<string> labels, float[][] tokens, float[][]? prior, LabelScoring scoring, string prompt)
    {
        double[] sums = [.. tokens.Select(Sum)];
        double[] scores = scoring switch
        {
            LabelScoring.Sum => sums,
            LabelScoring.Mean => [.. sums.Select((sum, i) => sum / tokens[i].Length)],
            LabelScoring.PriorCorrected => [.. sums.Select((sum, i) => sum - Sum(prior![i]))],
            _ => throw new ArgumentOutOfRangeException(nameof(scoring), scoring, "There is no such scoring."),
        };
        double best = scores.Max();
        double total = scores.Sum(score => Math.Exp(score - best));
        return new ClassificationResult
        {
            Prompt = prompt,
            Labels =
            [
                .. labels
                    .Select((label, i) => new LabelScore(label, i, scores[i], Math.Exp(scores[i] - best) / total, sums[i], tokens[i]))
                    .OrderByDescending(label => label.Score),
            ],
        };
    }

    private static double Sum(float[] values) => values.Sum(value => (double)value);
}
