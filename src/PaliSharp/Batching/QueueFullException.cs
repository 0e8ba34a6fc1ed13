namespace PaliSharp.Batching;

/// <summary>So many requests wait already that no further one is accepted; see <see cref="PaliGemmaOptions.MaxQueuedRequests"/>.</summary>
/// <param name="waiting">How many wait.</param>
/// <param name="retryAfter">When it is worth trying again, estimated from the pace of the last answers.</param>
public sealed class QueueFullException(int waiting, TimeSpan retryAfter)
    : ResourceLimitException(
        $"{waiting} requests wait already, which is the limit. Try again in {Math.Ceiling(retryAfter.TotalSeconds):f0} s, or raise the limit on queued requests.")
{
    /// <summary>How many requests waited.</summary>
    public int Waiting { get; } = waiting;

    /// <summary>When it is worth trying again: 1 s to 1 min.</summary>
    public TimeSpan RetryAfter { get; } = retryAfter;
}
