namespace PaliSharp.Evaluation;

/// <summary>Hits and errors of the class <c>yes</c>, as POPE reports them.</summary>
/// <param name="TruePositives">Right <c>yes</c>.</param>
/// <param name="FalsePositives">Wrong <c>yes</c>.</param>
/// <param name="FalseNegatives">Missed <c>yes</c>.</param>
/// <param name="TrueNegatives">All others.</param>
public readonly record struct BinaryCount(int TruePositives, int FalsePositives, int FalseNegatives, int TrueNegatives)
{
    /// <summary>The share of <c>yes</c> answers that were right; 0 if there are none.</summary>
    public double Precision => Share(TruePositives, TruePositives + FalsePositives);

    /// <summary>The share of right <c>yes</c> answers that were given; 0 if there are none.</summary>
    public double Recall => Share(TruePositives, TruePositives + FalseNegatives);

    /// <summary>The harmonic mean of both.</summary>
    public double F1 => Precision + Recall == 0 ? 0 : 2 * Precision * Recall / (Precision + Recall);

    /// <summary>The share of <c>yes</c> among all answers.</summary>
    public double PositiveRatio => Share(TruePositives + FalsePositives, TruePositives + FalsePositives + FalseNegatives + TrueNegatives);

    /// <summary>Counts answers.</summary>
    /// <param name="answers">What was given and what is right.</param>
    public static BinaryCount Of(IEnumerable<(bool Given, bool Right)> answers)
    {
        ArgumentNullException.ThrowIfNull(answers);
        var count = default(BinaryCount);
        foreach ((bool given, bool right) in answers)
        {
            count = (given, right) switch
            {
                (true, true) => count with { TruePositives = count.TruePositives + 1 },
                (true, false) => count with { FalsePositives = count.FalsePositives + 1 },
                (false, true) => count with { FalseNegatives = count.FalseNegatives + 1 },
                _ => count with { TrueNegatives = count.TrueNegatives + 1 },
            };
        }

        return count;
    }

    private static double Share(int part, int whole) => whole == 0 ? 0 : (double)part / whole;
}
