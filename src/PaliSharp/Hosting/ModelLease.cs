namespace PaliSharp.Hosting;

/// <summary>The use of a hosted model: it is not released before this is disposed, even if a newer one has taken its place.</summary>
public sealed class ModelLease : IDisposable
{
    private Action? _giveBack;

    internal ModelLease(string name, PaliGemma model, DateTimeOffset loadedAt, Action giveBack)
    {
        Name = name;
        Model = model;
        LoadedAt = loadedAt;
        _giveBack = giveBack;
    }

    /// <summary>The name it is hosted under.</summary>
    public string Name { get; }

    /// <summary>The model. Not to be disposed.</summary>
    public PaliGemma Model { get; }

    /// <summary>Since when it is loaded; together with the name it tells versions apart.</summary>
    public DateTimeOffset LoadedAt { get; }

    /// <summary>Ends the use; a second call does nothing.</summary>
    public void Dispose() => Interlocked.Exchange(ref _giveBack, null)?.Invoke();
}
