namespace PaliSharp.Hosting;

/// <summary>A model that is loaded.</summary>
/// <param name="model">The model.</param>
/// <param name="fingerprint">What its files were.</param>
/// <param name="loadedAt">Since when.</param>
internal sealed class LoadedModel(PaliGemma model, string fingerprint, DateTimeOffset loadedAt)
{
    public PaliGemma Model { get; } = model;

    public string Fingerprint { get; } = fingerprint;

    public DateTimeOffset LoadedAt { get; } = loadedAt;

    /// <summary>How many callers use it.</summary>
    public int Leases { get; set; }

    /// <summary>The number of the use that was its last.</summary>
    public long LastUse { get; set; }

    /// <summary>Whether it is to be released with its last lease.</summary>
    public bool IsRetired { get; set; }
}

/// <summary>The place of one hosted model. All but <see cref="Loading"/> belongs to the host's lock.</summary>
/// <param name="hosted">What is hosted.</param>
internal sealed class ModelSlot(HostedModel hosted)
{
    public HostedModel Hosted { get; } = hosted;

    /// <summary>Held while the model is loaded, so that it is loaded once.</summary>
    public SemaphoreSlim Loading { get; } = new(1);

    public LoadedModel? Current { get; set; }

    public Exception? ReloadFailure { get; set; }

    /// <summary>When the files were looked at last.</summary>
    public long LastLook { get; set; }

    public bool IsLooking { get; set; }

    /// <summary>What the files were then.</summary>
    public string? Seen { get; set; }

    /// <summary>The last change that was loaded or failed to load.</summary>
    public string? Tried { get; set; }

    public HostedModelState State() => new(
        Hosted.Name, Current is not null, Current?.Leases ?? 0, Current?.Model.WeightBytes ?? 0, Current?.LoadedAt, ReloadFailure, Current?.Model);
}
