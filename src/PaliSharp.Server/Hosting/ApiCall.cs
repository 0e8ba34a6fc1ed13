using Microsoft.AspNetCore.Http;

namespace PaliSharp.Server.Hosting;

/// <summary>A request that is being worked on: its connection, its deadline, what it holds.</summary>
/// <param name="context">The request.</param>
/// <param name="cancellation">Ends with the caller's connection or with the deadline.</param>
internal sealed class ApiCall(HttpContext context, CancellationToken cancellation) : IDisposable
{
    private readonly List<IDisposable> _held = [];

    /// <summary>The request.</summary>
    public HttpContext Context => context;

    /// <summary>Ends with the caller's connection or with the deadline.</summary>
    public CancellationToken Cancellation => cancellation;

    /// <summary>Where the time goes.</summary>
    public CallTimings Timings { get; } = new();

    /// <summary>What is known of the request for the log and the metrics.</summary>
    public CallRecord Record => CallRecord.Of(context);

    /// <summary>Keeps something until the request ends.</summary>
    public void Hold(IDisposable something) => _held.Add(something);

    /// <summary>Gives back what is held, the latest first.</summary>
    public void Dispose()
    {
        for (int i = _held.Count - 1; i >= 0; i--)
            _held[i].Dispose();
        _held.Clear();
    }
}
