namespace PaliSharp.Checkpoints.Hub;

/// <summary>A file to fetch.</summary>
internal sealed record PullItem(ModelReference Reference, ListedFile File, string ETag, long Size, Uri Address, bool Gated);

/// <summary>Fetches checkpoints from a Hugging Face-compatible hub into the cache that the Python client uses.</summary>
/// <remarks>One instance may serve many pulls, one after the other or at the same time.</remarks>
public sealed class HubClient : IDisposable
{
    // Room for links, references and the file system's own needs.
    private const long SpareBytes = 16L << 20;

    private readonly HubOptions _options;
    private readonly HubTransport _transport;
    private readonly HubApi _api;
    private readonly HubCache _cache;

    /// <summary>Creates a client.</summary>
    /// <param name="options">Hub, token, cache and patience; read from the environment when null.</param>
    /// <exception cref="HubException">The environment holds a value that cannot be used.</exception>
    /// <exception cref="ArgumentException">The options hold a value that makes no sense.</exception>
    public HubClient(HubOptions? options = null)
    {
        _options = options ?? HubOptions.FromEnvironment();
        _options.Validate();
        _transport = new HubTransport(_options);
        _api = new HubApi(_transport, _options);
        _cache = new HubCache(_options.CacheFolder, _options.UseSymbolicLinks);
    }

    /// <summary>Fetches what PaliSharp needs of a model: weights, configuration, tokenizer, adapter.</summary>
    /// <param name="reference">The repository and revision.</param>
    /// <param name="progress">Told how far it is, a few times a second.</param>
    /// <param name="cancellationToken">
    /// Stops the pull. What came of the file in hand stays in the cache and is used by the next pull; the revision stays what it was.
    /// </param>
    /// <returns>The folder of the snapshot, with all files. Files that are already in the cache are not fetched again.</returns>
    /// <exception cref="HubException">
    /// The hub refuses, cannot be reached, or sends something wrong (mostly a <see cref="HubRequestException"/>, whose
    /// <see cref="HubRequestException.Failure"/> tells which).
    /// </exception>
    /// <exception cref="ResourceLimitException">The disk has too little room.</exception>
    /// <exception cref="OperationCanceledException">The pull was cancelled.</exception>
    public async Task<string> PullAsync(
        ModelReference reference, IProgress<PullProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reference);
        try
        {
            return _options.Offline ? FindOffline(reference) : await PullOnlineAsync(reference, progress, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw HubCache.Unusable(_cache.Folder, e);
        }
    }

    /// <summary>Closes the connections.</summary>
    public void Dispose() => _transport.Dispose();

    private string FindOffline(ModelReference reference)
    {
        string? snapshot = _cache.TryFindSnapshot(reference);
        IReadOnlyList<string> missing = snapshot is null ? [] : SnapshotCheck.FindMissing(snapshot);
        if (snapshot is not null && missing.Count == 0)
            return snapshot;
        string state = snapshot is null ? "does not hold it" : $"holds only a part of it ({HubModelResolver.Describe(missing)} missing)";
        throw new HubRequestException(
            HubFailure.Offline,
            $"{reference} cannot be fetched offline, and the cache {_cache.Folder} {state}. Unset HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE and pull again.");
    }

    private async Task<string> PullOnlineAsync(ModelReference reference, IProgress<PullProgress>? sink, CancellationToken cancellationToken)
    {
        var progress = new ProgressMeter(sink);
        progress.Enter(PullPhase.Listing, "");
        RepositoryListing listing = await _api.ListAsync(reference, cancellationToken);
        IReadOnlyList<ListedFile> files = await ChooseAsync(reference, listing, cancellationToken);
        List<PullItem> items = [];
        foreach (ListedFile file in files)
        {
            // A commit never changes: what its snapshot holds needs no question.
            if (!_cache.Holds(reference, listing.Commit, file.Path, file.Size))
                items.Add(await DescribeAsync(reference, listing, file, cancellationToken));
        }

        CheckDiskSpace(reference, items);
        progress.Plan(items.Count, items.Sum(item => item.Size));
        foreach (PullItem item in items)
        {
            await FetchAsync(item, listing.Commit, progress, cancellationToken);
            progress.FinishFile();
        }

        // Last, so that a branch never points to a snapshot that lacks files.
        _cache.WriteRef(reference, listing.Commit);
        progress.Enter(PullPhase.Done, "");
        return _cache.SnapshotFolder(reference, listing.Commit);
    }

    private async Task<IReadOnlyList<ListedFile>> ChooseAsync(
        ModelReference reference, RepositoryListing listing, CancellationToken cancellationToken)
    {
        if (_options.AllFiles)
            return listing.Files;
        IReadOnlySet<string>? shards = null;
        if (listing.Files.FirstOrDefault(file => file.Path == SnapshotCheck.IndexFile) is { } index)
        {
            if (!_cache.Holds(reference, listing.Commit, index.Path, index.Size))
            {
                PullItem item = await DescribeAsync(reference, listing, index, cancellationToken);
                CheckDiskSpace(reference, [item]);
                await FetchAsync(item, listing.Commit, new ProgressMeter(null), cancellationToken);
            }

            shards = SnapshotCheck.ReadShards(_cache.SnapshotPath(reference, listing.Commit, index.Path));
        }

        return [.. FileSelection.ChooseSmall(listing.Files), .. FileSelection.ChooseWeights(reference, listing.Files, shards)];
    }

    private async Task<PullItem> DescribeAsync(
        ModelReference reference, RepositoryListing listing, ListedFile file, CancellationToken cancellationToken)
    {
        FileMetadata metadata = await _api.DescribeAsync(reference, listing, file.Path, cancellationToken);
        Uri address = _api.Address(reference, listing.Commit, file.Path);
        return new PullItem(reference, file, metadata.ETag, metadata.Size, address, listing.Gated);
    }

    private async Task FetchAsync(PullItem item, string commit, ProgressMeter progress, CancellationToken cancellationToken)
    {
        string path = item.File.Path;
        string blob = _cache.BlobPath(item.Reference, item.ETag);
        using IDisposable held = await _cache.LockAsync(
            item.Reference, item.ETag, () => progress.Enter(PullPhase.Waiting, path), cancellationToken);

        // Another process may have finished it meanwhile; the same content may also be there under another name or commit.
        if (_cache.Holds(item.Reference, commit, path, item.Size))
        {
            progress.Skip(item.Size);
            return;
        }

        bool isNew = HubCache.SizeOf(blob) != item.Size;
        if (isNew)
            await new FileDownloader(_transport, _options).DownloadAsync(item, blob, progress, cancellationToken);
        else
            progress.Skip(item.Size);
        _cache.Link(item.Reference, commit, path, item.ETag, isNew);
    }

    private void CheckDiskSpace(ModelReference reference, List<PullItem> items)
    {
        long needed = 0;
        foreach (PullItem item in items.DistinctBy(item => item.ETag))
        {
            string blob = _cache.BlobPath(reference, item.ETag);
            if (HubCache.SizeOf(blob) != item.Size)
                needed += Math.Max(0, item.Size - Math.Max(0, HubCache.SizeOf(blob + ".incomplete")));
        }

        if (needed == 0 || _options.FreeSpace(_cache.Folder) is not { } free || free >= needed + SpareBytes)
            return;
        throw new ResourceLimitException(
            $"{reference} needs {Megabytes(needed + SpareBytes)} more in {_cache.Folder}, which has {Megabytes(free)} free. Make room, or set HF_HUB_CACHE "
            + "to a folder on another disk.");
    }

    private static string Megabytes(long bytes) => $"{Math.Ceiling(bytes / 1e6):N0} MB";
}
