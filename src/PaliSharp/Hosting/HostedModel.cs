namespace PaliSharp.Hosting;

/// <summary>A model, or a model with an adapter, under the name callers know it by.</summary>
public sealed record HostedModel
{
    /// <summary>The name: 1 to 200 printable ASCII characters without spaces. It is looked up, never read as a path.</summary>
    public required string Name { get; init; }

    /// <summary>A checkpoint folder, a <c>.npz</c> file or a pulled <c>OWNER/NAME[@REVISION]</c>; null for the demonstration model.</summary>
    public string? Path { get; init; }

    /// <summary>How it is loaded and run, its adapter included.</summary>
    public PaliGemmaOptions Options { get; init; } = new();
}

/// <summary>Which models are hosted and how many of them at once.</summary>
public sealed record ModelHostOptions
{
    /// <summary>The models, at least one, each under a name of its own; the first answers to no name.</summary>
    public required IReadOnlyList<HostedModel> Models { get; init; }

    /// <summary>
    /// The most bytes of weights loaded together, above 0; null for no limit. The model used longest ago is released first; one in use never is,
    /// so the limit may be exceeded until it is free.
    /// </summary>
    public long? MaxWeightBytes { get; init; }

    /// <summary>
    /// How often, when a model is asked for, its files are looked at for changes, above 0; null for never. A change must have rested for one such
    /// interval. Put new files in place by renaming: files that are mapped must not be written over.
    /// </summary>
    public TimeSpan? ReloadInterval { get; init; }

    /// <summary>Done with each model before it is handed out, such as <see cref="PaliGemma.WarmUpAsync"/>; null for nothing.</summary>
    public Func<PaliGemma, CancellationToken, Task>? WarmUp { get; init; }

    /// <summary>Tells the time; null for the system's clock.</summary>
    internal TimeProvider? Clock { get; init; }
}

/// <summary>What a hosted model is at one moment.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsLoaded">Whether it is in memory.</param>
/// <param name="Leases">How many callers use it.</param>
/// <param name="WeightBytes">The bytes of its weights; 0 if it is not loaded.</param>
/// <param name="LoadedAt">Since when it is loaded.</param>
/// <param name="ReloadFailure">Why its changed files could not be loaded, the old ones being served still; null if nothing failed.</param>
/// <param name="Model">The model, to be looked at but not to be kept: it may be released at any time. Null if it is not loaded.</param>
public sealed record HostedModelState(
    string Name, bool IsLoaded, int Leases, long WeightBytes, DateTimeOffset? LoadedAt, Exception? ReloadFailure, PaliGemma? Model);
