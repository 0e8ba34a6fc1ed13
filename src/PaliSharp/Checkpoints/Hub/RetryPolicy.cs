namespace PaliSharp.Checkpoints.Hub;

/// <summary>Repeats what fails for a passing reason, with growing pauses and an end.</summary>
internal sealed class RetryPolicy(HubOptions options)
{
    private int _failures;

    /// <summary>Forgets earlier failures, after real progress was made.</summary>
    public void Reset() => _failures = 0;

    /// <summary>Runs an action until it succeeds, fails for good, or failed too often in a row.</summary>
    /// <exception cref="HubRequestException">The last failure.</exception>
    public async Task<T> RunAsync<T>(Func<Task<T>> action, CancellationToken cancellationToken)
    {
        while (true)
        {
            TimeSpan pause;
            try
            {
                return await action();
            }
            catch (TransientHubException e)
            {
                pause = PauseAfter(e);
            }

            await Task.Delay(pause, cancellationToken);
        }
    }

    private TimeSpan PauseAfter(TransientHubException failure)
    {
        _failures++;
        if (_failures > (failure.NeverReached ? Math.Min(options.Retries, 1) : options.Retries))
        {
            throw new HubRequestException(
                failure.Failure, $"{failure.Message} Given up after {_failures} attempt{(_failures == 1 ? "" : "s")}; try again later.", failure);
        }

        if (failure.RetryAfter is { } asked)
        {
            return asked <= options.LongestPause
                ? asked
                : throw new HubRequestException(
                    failure.Failure, $"{failure.Message} The hub asks to wait for {Math.Ceiling(asked.TotalSeconds)} s; try again after that.", failure);
        }

        // Doubling, with a little spread so that many clients do not come back at the same moment.
        double seconds = options.RetryPause.TotalSeconds * Math.Pow(2, Math.Min(_failures - 1, 20)) * (0.9 + (0.2 * Random.Shared.NextDouble()));
        return TimeSpan.FromSeconds(Math.Min(seconds, options.LongestPause.TotalSeconds));
    }
}
