using System.Threading.RateLimiting;

namespace PaliSharp.Server.Hosting;

/// <summary>How often each caller may come.</summary>
internal sealed class CallerRates : IDisposable
{
    private const int SegmentsPerMinute = 6;
    private readonly PartitionedRateLimiter<string> _limiter;

    /// <summary>Creates the limits.</summary>
    public CallerRates(ServerLimits limits) => _limiter = PartitionedRateLimiter.Create<string, string>(caller =>
        limits.RequestsPerMinute is { } permits
            ? RateLimitPartition.GetSlidingWindowLimiter(caller, _ => new SlidingWindowRateLimiterOptions
            {
                PermitLimit = permits,
                Window = TimeSpan.FromMinutes(1),
                SegmentsPerWindow = SegmentsPerMinute,
                QueueLimit = 0,
                AutoReplenishment = true,
            })
            : RateLimitPartition.GetNoLimiter(string.Empty));

    /// <summary>Counts a request.</summary>
    public RateLimitLease Take(string caller) => _limiter.AttemptAcquire(caller);

    /// <summary>Releases the limits.</summary>
    public void Dispose() => _limiter.Dispose();
}
