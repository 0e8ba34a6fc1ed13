using System.Threading.RateLimiting;
using PaliSharp.Server.Errors;

namespace PaliSharp.Server.Hosting;

/// <summary>Lets a bounded number of requests work and a bounded number wait, in the order they came; refuses the rest at once.</summary>
internal sealed class Admission : IDisposable
{
    // How much of each new duration enters the running mean.
    private const double Share = 0.1;
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan DrainRetry = TimeSpan.FromSeconds(5);

    private readonly ConcurrencyLimiter _limiter;
    private readonly int _permits;
    private readonly Lock _lock = new();
    private double _meanSeconds = 1;
    private int _admitted;
    private volatile bool _isDraining;

    /// <summary>Creates the gate.</summary>
    public Admission(ServerLimits limits)
    {
        _permits = limits.ConcurrentRequests;
        _limiter = new ConcurrencyLimiter(new ConcurrencyLimiterOptions
        {
            PermitLimit = limits.ConcurrentRequests,
            QueueLimit = limits.QueuedRequests,
            QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        });
    }

    /// <summary>The requests being worked on.</summary>
    public int Running => _permits - (int)Statistics.CurrentAvailablePermits;

    /// <summary>The requests that wait.</summary>
    public int Waiting => (int)Statistics.CurrentQueuedCount;

    /// <summary>The requests that were let in and have not ended.</summary>
    public int Admitted => Volatile.Read(ref _admitted);

    /// <summary>Whether new requests are refused because the server stops.</summary>
    public bool IsDraining => _isDraining;

    private RateLimiterStatistics Statistics => _limiter.GetStatistics()!;

    /// <summary>Refuses new requests from now on; those waiting or working go on.</summary>
    public void Drain() => _isDraining = true;

    /// <summary>Waits for the turn of a request.</summary>
    /// <param name="cancellationToken">Gives up the place.</param>
    /// <returns>The turn; dispose of it when the work is done.</returns>
    /// <exception cref="ApiException">There is no place, or the server stops.</exception>
    /// <exception cref="OperationCanceledException">The place was given up.</exception>
    public async ValueTask<IDisposable> EnterAsync(CancellationToken cancellationToken)
    {
        if (_isDraining)
            throw ApiException.Unavailable("The server is stopping. Try again, it may come back.", DrainRetry);
        Interlocked.Increment(ref _admitted);
        try
        {
            RateLimitLease lease = await _limiter.AcquireAsync(1, cancellationToken);
            if (lease.IsAcquired)
                return new Turn(this, lease);
            lease.Dispose();
            throw ApiException.Overloaded(EstimateRetry());
        }
        catch
        {
            Interlocked.Decrement(ref _admitted);
            throw;
        }
    }

    /// <summary>Releases the gate.</summary>
    public void Dispose() => _limiter.Dispose();

    // When about half of those that wait now will have had their turn.
    private TimeSpan EstimateRetry()
    {
        lock (_lock)
        {
            double seconds = _meanSeconds * Math.Max(1, Waiting) / (2.0 * _permits);
            return TimeSpan.FromSeconds(Math.Clamp(Math.Ceiling(seconds), 1, LongestRetry.TotalSeconds));
        }
    }

    private void Leave(TimeSpan taken)
    {
        Interlocked.Decrement(ref _admitted);
        lock (_lock)
            _meanSeconds += Share * (taken.TotalSeconds - _meanSeconds);
    }

    private sealed class Turn(Admission owner, RateLimitLease lease) : IDisposable
    {
        private readonly long _start = TimeProvider.System.GetTimestamp();

        public void Dispose()
        {
            lease.Dispose();
            owner.Leave(TimeProvider.System.GetElapsedTime(_start));
        }
    }
}
