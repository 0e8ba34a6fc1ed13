using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using PaliSharp.Server.Hosting;

namespace PaliSharp.Server.Operations;

/// <summary>
/// Ends the server gracefully: from the first sign (SIGTERM, Ctrl+C) it is not ready and takes nothing new, and what was accepted is finished
/// before the connections close.
/// </summary>
internal sealed partial class Drain(ServerOptions options, Admission admission, ILogger<Drain> logger) : IHostedLifecycleService
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    /// <inheritdoc/>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        admission.Drain();
        LogDraining(logger, admission.Admitted);
        try
        {
            await Task.Delay(options.Limits.DrainDelay, cancellationToken);
            while (admission.Admitted > 0)
                await Task.Delay(Step, cancellationToken);
            LogDrained(logger);
        }
        catch (OperationCanceledException)
        {
            LogCutOff(logger, admission.Admitted);
        }
    }

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(EventId = 20, Level = LogLevel.Information, Message = "stopping, {Requests} accepted requests to finish")]
    private static partial void LogDraining(ILogger logger, int requests);

    [LoggerMessage(EventId = 21, Level = LogLevel.Information, Message = "every accepted request is finished")]
    private static partial void LogDrained(ILogger logger);

    [LoggerMessage(EventId = 22, Level = LogLevel.Warning, Message = "out of time to finish, {Requests} requests are cut off")]
    private static partial void LogCutOff(ILogger logger, int requests);
}
