namespace PaliSharp.Evaluation;

/// <summary>Accuracies by the type of the question (RSVQA).</summary>
/// <param name="ByType">The mean accuracy of each type that occurred.</param>
public sealed record RsvqaScore(IReadOnlyDictionary<string, double> ByType)
{
    private static readonly string[] LowResolution = ["comp", "presence", "rural_urban"];
    private static readonly string[] HighResolution = ["comp", "presence"];

    /// <summary>The mean over the types.</summary>
    public double Average => ByType.Values.Average();

    /// <summary>
    /// The mean over types whose answers are no numbers, as big_vision prints it: comparison and presence; with those missing, null. See
    /// <see cref="AverageOf"/> for the published mean of the low-resolution set, which counts rural or urban, too.
    /// </summary>
    public double? AverageWithoutNumbers => AverageOf(HighResolution) ?? AverageOf(LowResolution);

    /// <summary>The mean over some types; null if one did not occur.</summary>
    /// <param name="types">The types.</param>
    public double? AverageOf(IReadOnlyList<string> types)
    {
        ArgumentNullException.ThrowIfNull(types);
        return types.All(ByType.ContainsKey) ? types.Average(type => ByType[type]) : null;
    }

    /// <summary>Groups answers.</summary>
    /// <param name="answers">The type of each question and whether its answer was right (1) or not (0).</param>
    public static RsvqaScore Of(IEnumerable<(string Type, double Accuracy)> answers) =>
        new(answers.GroupBy(answer => answer.Type).ToDictionary(group => group.Key, group => group.Average(answer => answer.Accuracy)));
}
