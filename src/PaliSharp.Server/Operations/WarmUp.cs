using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using PaliSharp.Hosting;

namespace PaliSharp.Server.Operations;

/// <summary>
/// Loads the models and has each look at a picture once, so that the first caller does not pay for pages read from disk and code compiled. The
/// server is ready when that is done; it is alive before.
/// </summary>
internal sealed partial class WarmUp(ModelHost models, IHostApplicationLifetime lifetime, ILogger<WarmUp> logger) : BackgroundService
{
    private volatile bool _isReady;

    /// <summary>Whether the models that are loaded at the start are.</summary>
    public bool IsReady => _isReady;

    /// <summary>What kept the models from being loaded; null if nothing did.</summary>
    public PaliSharpException? Failure { get; private set; }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await models.PreloadAsync(stoppingToken);
            _isReady = true;
            LogReady(logger, models.Names);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            LogStopped(logger);
        }
        catch (PaliSharpException exception)
        {
            Failure = exception;
            LogFailure(logger, exception);

            // A server stopped while it is still starting would report a cancellation instead of the reason.
            lifetime.ApplicationStarted.Register(lifetime.StopApplication);
        }
    }

    [LoggerMessage(EventId = 10, Level = LogLevel.Information, Message = "ready, serving {Models}")]
    private static partial void LogReady(ILogger logger, IReadOnlyList<string> models);

    [LoggerMessage(EventId = 11, Level = LogLevel.Information, Message = "stopped before the models were loaded")]
    private static partial void LogStopped(ILogger logger);

    [LoggerMessage(EventId = 12, Level = LogLevel.Critical, Message = "a model could not be loaded")]
    private static partial void LogFailure(ILogger logger, Exception exception);
}
