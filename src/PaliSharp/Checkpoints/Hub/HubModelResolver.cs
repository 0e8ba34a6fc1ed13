namespace PaliSharp.Checkpoints.Hub;

/// <summary>Finds what <c>--model</c> means: a path, or a model that was pulled before. It never uses the network.</summary>
public static class HubModelResolver
{
    /// <summary>Turns a model argument into the path of a folder or file.</summary>
    /// <param name="modelArgument">A path that exists, or <c>OWNER/NAME[@REVISION]</c>. A path goes first if both fit.</param>
    /// <param name="options">Where the cache is; read from the environment when null.</param>
    /// <returns>The full path of the folder or file: for a pulled model, of its snapshot.</returns>
    /// <exception cref="CheckpointException">It is neither a path that exists nor of the form <c>OWNER/NAME[@REVISION]</c>.</exception>
    /// <exception cref="HubException">The cache does not hold the model, or holds only a part of it.</exception>
    public static string Resolve(string modelArgument, HubOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(modelArgument);
        if (Directory.Exists(modelArgument) || File.Exists(modelArgument))
            return Path.GetFullPath(modelArgument);
        if (!ModelReference.TryParse(modelArgument, out ModelReference? reference))
        {
            throw new CheckpointException(
                $"There is no folder or file '{ModelReference.Shorten(modelArgument)}', and it does not name a model on a hub. Expected the path of a "
                + "checkpoint, or OWNER/NAME[@REVISION] of a model fetched with palisharp pull.");
        }

        options ??= HubOptions.FromEnvironment();
        var cache = new HubCache(options.CacheFolder, options.UseSymbolicLinks);
        if (cache.TryFindSnapshot(reference) is not { } snapshot)
        {
            throw new HubRequestException(
                HubFailure.Offline,
                $"There is no folder '{modelArgument}', and the cache {cache.Folder} does not hold {reference}. "
                + $"Run: palisharp pull {reference}");
        }

        IReadOnlyList<string> missing = FindMissing(snapshot);
        return missing.Count == 0
            ? snapshot
            : throw new HubRequestException(
                HubFailure.Offline,
                $"The cache holds only a part of {reference}: {Describe(missing)} missing in {snapshot}. "
                + $"Run: palisharp pull {reference}");
    }

    internal static string Describe(IReadOnlyList<string> files)
        => string.Join(", ", files.Take(5)) + (files.Count > 5 ? $" and {files.Count - 5} more" : "") + (files.Count == 1 ? " is" : " are");

    private static IReadOnlyList<string> FindMissing(string snapshot)
    {
        try
        {
            return SnapshotCheck.FindMissing(snapshot);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw HubCache.Unusable(snapshot, e);
        }
    }
}
