using Microsoft.AspNetCore.Http;
using PaliSharp.Hosting;

namespace PaliSharp.Server.Hosting;

/// <summary>A request that is being worked on: its connection, its deadline, what it holds.</summary>
/// <param name="context">The request.</param>
/// <param name="timings">Where the time goes.</param>
/// <param name="cancellation">Ends with the caller's connection or with the deadline.</param>
internal sealed class ApiCall(HttpContext context, CallTimings timings, CancellationToken cancellation) : IDisposable
{
    private readonly List<IDisposable> _held = [];

    /// <summary>The request.</summary>
    public HttpContext Context => context;

    /// <summary>Ends with the caller's connection or with the deadline.</summary>
    public CancellationToken Cancellation => cancellation;

    /// <summary>Where the time goes.</summary>
    public CallTimings Timings => timings;

    /// <summary>What is known of the request for the log and the metrics.</summary>
    public CallRecord Record => CallRecord.Of(context);

    /// <summary>
    /// A part of the request that holds things of its own and gives them back when it ends. Parts that are done side by side need one each: if they
    /// kept what others of them wait for until all are done, none would get on.
    /// </summary>
    public ApiCall Part() => new(context, timings, cancellation);

    /// <summary>Gives the request the use of a model until it ends.</summary>
    /// <param name="models">The models.</param>
    /// <param name="name">The model's name; null for the default.</param>
    /// <exception cref="UnknownModelException">There is no such model.</exception>
    /// <exception cref="PaliSharpException">It cannot be loaded.</exception>
    public async Task<ModelLease> UseAsync(ModelHost models, string? name)
    {
        ModelLease lease = await models.AcquireAsync(name, cancellation);
        Hold(lease);
        return lease;
    }

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
