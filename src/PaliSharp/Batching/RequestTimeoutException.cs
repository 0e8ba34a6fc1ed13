namespace PaliSharp.Batching;

/// <summary>A request was not answered within its <see cref="Generation.GenerationOptions.Timeout"/>.</summary>
/// <param name="timeout">The time it had, waiting included.</param>
public sealed class RequestTimeoutException(TimeSpan timeout)
    : ResourceLimitException($"The request was not answered within {timeout.TotalSeconds:0.###} s, waiting included. Allow more time, ask for fewer tokens, or try when less is asked.")
{
    /// <summary>The time the request had.</summary>
    public TimeSpan Timeout { get; } = timeout;
}
