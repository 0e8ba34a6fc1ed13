namespace PaliSharp.Evaluation;

/// <summary>How often what is drawn and asked. Weights are relative to one another; 0 leaves something out.</summary>
public sealed record DrawnMixture
{
    /// <summary>The weight of scenes.</summary>
    public double Scenes { get; init; } = 0.8;

    /// <summary>The weight of text lines.</summary>
    public double Lines { get; init; } = 0.1;

    /// <summary>The weight of charts.</summary>
    public double Charts { get; init; } = 0.07;

    /// <summary>The weight of tables.</summary>
    public double Tables { get; init; } = 0.03;

    /// <summary>The most questions about one picture, 1 to 16. Several share the work of the image encoder.</summary>
    public int Questions { get; init; } = 4;

    /// <summary>
    /// The weights of questions about scenes: <c>caption</c>, <c>describe</c>, <c>region</c>, <c>detect</c>, <c>segment</c>, <c>count</c>, <c>color</c>,
    /// <c>position</c>, <c>presence</c>, <c>background</c>, <c>read</c>, <c>blank</c> (reading where there is nothing to read). What is not named has 1.
    /// </summary>
    public IReadOnlyDictionary<string, double> Tasks { get; init; } = new Dictionary<string, double>(StringComparer.Ordinal);

    /// <summary>Checks the numbers.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    /// <exception cref="ArgumentNullException">There are no weights of tasks; an empty dictionary is what says nothing.</exception>
    public void Check()
    {
        ArgumentNullException.ThrowIfNull(Tasks);
        double total = 0;
        foreach (double weight in (double[])[Scenes, Lines, Charts, Tables, .. Tasks.Values])
        {
            if (!double.IsFinite(weight) || weight is < 0 or > 1e6)
                throw new ArgumentOutOfRangeException(nameof(DrawnMixture), weight, "A weight is 0 to 1,000,000.");
        }

        total += Scenes + Lines + Charts + Tables;
        if (total <= 0)
            throw new ArgumentOutOfRangeException(nameof(DrawnMixture), total, "All kinds of pictures have weight 0: one needs more.");
        if (Questions is < 1 or > 16)
            throw new ArgumentOutOfRangeException(nameof(DrawnMixture), Questions, "1 to 16 questions are asked about a picture.");
        if (Tasks.Keys.FirstOrDefault(name => !SceneLessons.Names.Contains(name)) is { } unknown)
            throw new ArgumentOutOfRangeException(nameof(DrawnMixture), unknown, $"There is no such task. There are: {string.Join(", ", SceneLessons.Names)}.");
    }
}
