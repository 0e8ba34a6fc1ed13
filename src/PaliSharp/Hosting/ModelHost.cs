namespace PaliSharp.Hosting;

/// <summary>
/// Several models, or adapters, by name: each loaded when it is asked for first, released when others need the room, loaded anew when its files
/// change. Safe to use from any thread.
/// </summary>
/// <example>
/// <code>
/// using var host = new ModelHost(new ModelHostOptions { Models = [new HostedModel { Name = "mix", Path = "google/paligemma2-3b-mix-448" }] });
/// using ModelLease lease = await host.AcquireAsync("mix");
/// TextResult caption = await lease.Model.CaptionAsync(image);
/// </code>
/// </example>
public sealed class ModelHost : IDisposable
{
    private const int LongestName = 200;

    private readonly Lock _gate = new();
    private readonly ModelHostOptions _options;
    private readonly TimeProvider _clock;
    private readonly Dictionary<string, ModelSlot> _slots = new(StringComparer.Ordinal);
    private long _uses;
    private bool _disposed;

    /// <summary>Remembers what is hosted; nothing is loaded yet.</summary>
    /// <param name="options">The models and limits.</param>
    /// <exception cref="ArgumentException">There is no model, a name is malformed or given twice, or a limit is out of range.</exception>
    public ModelHost(ModelHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Models.Count == 0)
            throw new ArgumentException("There is no model to host. Name at least one.", nameof(options));
        if (options.MaxWeightBytes is <= 0)
            throw new ArgumentException($"MaxWeightBytes is {options.MaxWeightBytes}; it must be above 0.", nameof(options));
        if (options.ReloadInterval is { } interval && interval <= TimeSpan.Zero)
            throw new ArgumentException($"ReloadInterval is {interval}; it must be above 0.", nameof(options));
        foreach (HostedModel model in options.Models)
        {
            if (model.Name.Length is 0 or > LongestName || model.Name.Any(letter => letter is <= ' ' or > '~'))
                throw new ArgumentException(
                    $"A model is named '{model.Name}'; 1 to {LongestName} printable ASCII characters without spaces are expected.", nameof(options));
            if (!_slots.TryAdd(model.Name, new ModelSlot(model)))
                throw new ArgumentException($"Two models are named '{model.Name}'.", nameof(options));
        }

        _options = options;
        _clock = options.Clock ?? TimeProvider.System;
        Names = [.. options.Models.Select(model => model.Name)];
    }

    /// <summary>The names, that of the default model first.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>What each model is now, in the order of <see cref="Names"/>.</summary>
    public IReadOnlyList<HostedModelState> GetState()
    {
        lock (_gate)
            return [.. Names.Select(name => _slots[name].State())];
    }

    /// <summary>Whether files are being looked at for changes.</summary>
    internal bool IsLooking
    {
        get
        {
            lock (_gate)
                return _slots.Values.Any(slot => slot.IsLooking);
        }
    }

    /// <summary>Gives the use of a model, loading it first if need be. Callers that wait for the same model share one loading.</summary>
    /// <param name="name">Its name; null for the default model.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="UnknownModelException">There is no such model.</exception>
    /// <exception cref="PaliSharpException">It cannot be loaded; the next call tries again.</exception>
    /// <exception cref="ResourceLimitException">It is larger than <see cref="ModelHostOptions.MaxWeightBytes"/>.</exception>
    /// <exception cref="ObjectDisposedException">The host is gone.</exception>
    public async Task<ModelLease> AcquireAsync(string? name = null, CancellationToken cancellationToken = default)
    {
        name ??= Names[0];
        if (!_slots.TryGetValue(name, out ModelSlot? slot))
            throw new UnknownModelException(name, Names);
        if (TryLease(slot) is { } lease)
            return lease;
        await slot.Loading.WaitAsync(cancellationToken);
        try
        {
            if (TryLease(slot) is { } loadedMeanwhile)
                return loadedMeanwhile;
            LoadedModel loaded = await LoadAsync(slot.Hosted, ModelFiles.Fingerprint(slot.Hosted), cancellationToken);
            return Install(slot, loaded, isWanted: true)!;
        }
        finally
        {
            slot.Loading.Release();
        }
    }

    /// <summary>
    /// Loads models ahead of the first call: all of them or, where <see cref="ModelHostOptions.MaxWeightBytes"/> bounds memory, the default alone,
    /// the others being loaded when they are asked for.
    /// </summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="PaliSharpException">One cannot be loaded.</exception>
    /// <exception cref="ObjectDisposedException">The host is gone.</exception>
    public async Task PreloadAsync(CancellationToken cancellationToken = default)
    {
        foreach (string name in _options.MaxWeightBytes is null ? Names : Names.Take(1))
            (await AcquireAsync(name, cancellationToken)).Dispose();
    }

    /// <summary>Releases the models; one in use as soon as it is not.</summary>
    public void Dispose()
    {
        List<LoadedModel> free = [];
        lock (_gate)
        {
            _disposed = true;
            foreach (ModelSlot slot in _slots.Values)
                Retire(slot, free);
        }

        DisposeAll(free);
    }

    private static void DisposeAll(List<LoadedModel> models)
    {
        foreach (LoadedModel model in models)
            model.Model.Dispose();
    }

    private static void Retire(ModelSlot slot, List<LoadedModel> free)
    {
        if (slot.Current is not { } current)
            return;
        slot.Current = null;
        current.IsRetired = true;
        if (current.Leases == 0)
            free.Add(current);
    }

    private ModelLease? TryLease(ModelSlot slot)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (slot.Current is null)
                return null;
            LookForChanges(slot);
            return Lease(slot, slot.Current);
        }
    }

    private ModelLease Lease(ModelSlot slot, LoadedModel loaded)
    {
        loaded.Leases++;
        loaded.LastUse = ++_uses;
        return new ModelLease(slot.Hosted.Name, loaded.Model, loaded.LoadedAt, () => GiveBack(loaded));
    }

    private void GiveBack(LoadedModel loaded)
    {
        List<LoadedModel> free = [];
        lock (_gate)
        {
            if (--loaded.Leases == 0 && loaded.IsRetired)
                free.Add(loaded);
            MakeRoom(keep: null, free);
        }

        DisposeAll(free);
    }

    private async Task<LoadedModel> LoadAsync(HostedModel hosted, string fingerprint, CancellationToken cancellationToken)
    {
        PaliGemma model = await Task.Run(() => PaliGemma.Load(hosted.Path, hosted.Options), cancellationToken);
        try
        {
            if (model.WeightBytes > _options.MaxWeightBytes)
            {
                throw new ResourceLimitException(
                    $"The model '{hosted.Name}' has {model.WeightBytes:n0} bytes of weights, but {_options.MaxWeightBytes:n0} are allowed. "
                    + "Quantise it, or raise MaxWeightBytes.");
            }

            if (_options.WarmUp is not null)
                await _options.WarmUp(model, cancellationToken);
            return new LoadedModel(model, fingerprint, _clock.GetUtcNow());
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Puts a model in its place, and those out of theirs that it leaves no room for.</summary>
    private ModelLease? Install(ModelSlot slot, LoadedModel loaded, bool isWanted)
    {
        List<LoadedModel> free = [];
        ModelLease? lease = null;
        lock (_gate)
        {
            if (_disposed)
            {
                free.Add(loaded);
            }
            else
            {
                Retire(slot, free);
                slot.Current = loaded;
                slot.ReloadFailure = null;
                slot.LastLook = _clock.GetTimestamp();
                slot.Seen = loaded.Fingerprint;
                lease = isWanted ? Lease(slot, loaded) : null;
                MakeRoom(keep: loaded, free);
            }
        }

        DisposeAll(free);
        return lease ?? (isWanted ? throw new ObjectDisposedException(nameof(ModelHost)) : null);
    }

    private void MakeRoom(LoadedModel? keep, List<LoadedModel> free)
    {
        while (_slots.Values.Sum(slot => slot.Current?.Model.WeightBytes ?? 0) > _options.MaxWeightBytes)
        {
            ModelSlot? oldest = _slots.Values
                .Where(slot => slot.Current is { Leases: 0 } current && current != keep)
                .MinBy(slot => slot.Current!.LastUse);
            if (oldest is null)
                return;
            Retire(oldest, free);
        }
    }

    /// <summary>Now and then has the files looked at, beside whatever is going on.</summary>
    private void LookForChanges(ModelSlot slot)
    {
        if (_options.ReloadInterval is not { } interval || slot.IsLooking || _clock.GetElapsedTime(slot.LastLook) < interval)
            return;
        slot.IsLooking = true;
        slot.LastLook = _clock.GetTimestamp();
        _ = Task.Run(() => ReloadIfChangedAsync(slot)); // ends without error; what went wrong is in the state
    }

    private async Task ReloadIfChangedAsync(ModelSlot slot)
    {
        try
        {
            string fingerprint = ModelFiles.Fingerprint(slot.Hosted);
            if (!IsSettledChange(slot, fingerprint))
                return;
            LoadedModel loaded = await LoadAsync(slot.Hosted, fingerprint, CancellationToken.None);
            Install(slot, loaded, isWanted: false);
        }
        catch (Exception exception) // the old model goes on; GetState tells
        {
            lock (_gate)
                slot.ReloadFailure = exception;
        }
        finally
        {
            lock (_gate)
                slot.IsLooking = false;
        }
    }

    /// <summary>Whether files differ from what is loaded, have not changed since the last look, and were not tried before.</summary>
    private bool IsSettledChange(ModelSlot slot, string fingerprint)
    {
        lock (_gate)
        {
            bool hasRested = slot.Seen == fingerprint;
            slot.Seen = fingerprint;
            if (slot.Current is not { } current || current.Fingerprint == fingerprint || !hasRested || slot.Tried == fingerprint)
                return false;
            slot.Tried = fingerprint;
            return true;
        }
    }
}
