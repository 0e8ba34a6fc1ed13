namespace PaliSharp.Server.Hosting;

/// <summary>Where the time of a request went.</summary>
internal sealed class CallTimings
{
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private readonly Lock _lock = new();

    /// <summary>Waiting for a turn.</summary>
    public TimeSpan Queued { get; private set; }

    /// <summary>Receiving, fetching and decoding pictures.</summary>
    public TimeSpan Pictures { get; private set; }

    /// <summary>From the arrival of the request to the first text; null before it.</summary>
    public TimeSpan? FirstText { get; private set; }

    /// <summary>Since the request arrived.</summary>
    public TimeSpan Elapsed => TimeProvider.System.GetElapsedTime(_start);

    /// <summary>The turn has come.</summary>
    public void EndQueue() => Queued = Elapsed;

    /// <summary>Pictures took so long.</summary>
    public void AddPictures(TimeSpan time)
    {
        lock (_lock)
            Pictures += time;
    }

    /// <summary>There is text.</summary>
    public void MarkText()
    {
        lock (_lock)
            FirstText ??= Elapsed;
    }
}
