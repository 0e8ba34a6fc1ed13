using System.Globalization;
using System.Text.Json;
using PaliSharp.Training.Autodiff;

namespace PaliSharp.Training.Data;

/// <summary>
/// Draws each example from one of several sources by weight. Which one is a function of seed and number of the draw; a bad item is replaced by the
/// next of the same source, so that the proportions hold.
/// </summary>
internal sealed class MixtureSource : ITrainingSource
{
    private readonly ITrainingSource[] _sources;
    private readonly double[] _ends;
    private readonly ulong _seed;
    private long _draws;

    /// <summary>Begins at the first draw.</summary>
    /// <param name="sources">The sources.</param>
    /// <param name="weights">Their weights, at least 0 and not all 0.</param>
    /// <param name="seed">Determines the draws.</param>
    public MixtureSource(IReadOnlyList<ITrainingSource> sources, IReadOnlyList<double> weights, ulong seed)
    {
        (_sources, _seed) = ([.. sources], seed);
        _ends = new double[weights.Count];
        double total = 0;
        for (int i = 0; i < _ends.Length; i++)
            _ends[i] = total += weights[i];
        ExamplesPerEpoch = sources.Zip(weights).Where(pair => pair.Second > 0).Sum(pair => pair.First.ExamplesPerEpoch ?? 0);
    }

    /// <summary>The examples of all sources that are drawn from; with weights, some are seen more often in that time and others less.</summary>
    public long? ExamplesPerEpoch { get; }

    public DataReport Report
    {
        get
        {
            var report = new DataReport();
            foreach (ITrainingSource source in _sources)
                report.Add(source.Report);
            return report;
        }
    }

    public TrainingExample Next() => _sources[Draw(_draws++)].Next();

    public string SavePosition() => JsonSerializer.Serialize<string[]>(
        [_draws.ToString(CultureInfo.InvariantCulture), .. _sources.Select(source => source.SavePosition())]);

    public void RestorePosition(string position)
    {
        ArgumentNullException.ThrowIfNull(position);
        string[]? parts = null;
        try
        {
            parts = JsonSerializer.Deserialize<string[]>(position);
        }
        catch (JsonException)
        {
            // said below, with what was expected
        }

        if (parts?.Length != _sources.Length + 1 || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long draws))
            throw new RecipeException($"The position '{position}' does not belong to this mixture of {_sources.Length} sources. Resume with the "
                + "mixture that the training was begun with.");
        for (int i = 0; i < _sources.Length; i++)
            _sources[i].RestorePosition(parts[i + 1] ?? string.Empty);
        _draws = draws;
    }

    private int Draw(long number)
    {
        double place = new GaussianRandom(_seed ^ Dropping.Mix((ulong)number)).Uniform() * _ends[^1];
        int source = Array.FindIndex(_ends, end => place < end);
        return source >= 0 ? source : Array.FindLastIndex(_ends, end => end < _ends[^1]) + 1; // rounding at the very end
    }
}
