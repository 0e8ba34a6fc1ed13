namespace PaliSharp.Training.Data;

/// <summary>What a check of a source found.</summary>
/// <param name="Name">The source.</param>
/// <param name="Items">Its items.</param>
/// <param name="Usable">Those that can be learnt from.</param>
/// <param name="Skipped">The others.</param>
public sealed record SourceCheck(string Name, long Items, long Usable, DataReport Skipped);

/// <summary>Reads whole data sets as a training would, pictures and augmentation included, and says what it would skip.</summary>
public static class DatasetChecker
{
    /// <summary>Checks the sources of a mixture one after another.</summary>
    /// <param name="mixture">The mixture.</param>
    /// <param name="baseFolder">What relative paths start from.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="RecipeException">A source cannot be opened, or holds nothing to learn.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static IEnumerable<SourceCheck> Check(MixtureDescription mixture, string baseFolder, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(mixture);
        ArgumentNullException.ThrowIfNull(baseFolder);
        return mixture.Sources.Select(source => Check(source with { Augment = source.Augment ?? mixture.Augment }, baseFolder, cancellationToken));
    }

    /// <summary>Checks one source.</summary>
    /// <param name="source">The source.</param>
    /// <param name="baseFolder">What relative paths start from.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="RecipeException">It cannot be opened, or holds nothing to learn.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static SourceCheck Check(SourceDescription source, string baseFolder, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(baseFolder);
        ExampleSet set = SourceOpener.OpenSet(source, baseFolder);
        ExampleLoader loader = SourceOpener.Loader(source);
        var skipped = new DataReport();
        skipped.Add(set.OpeningReport);
        long usable = 0;
        for (int i = 0; i < set.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (loader.Load(set, new ItemDraw(0, 0, i)).Problem is { } problem)
                skipped.Add(problem.Kind, problem.Message);
            else
                usable++;
        }

        return new SourceCheck(source.Name.Length > 0 ? source.Name : source.Path, set.Count, usable, skipped);
    }
}
