using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using PaliSharp.Server.Errors;
using PaliSharp.Server.OpenAI;
using PaliSharp.Server.Operations;

namespace PaliSharp.Server.Hosting;

/// <summary>The outermost layer: every failure becomes an error in OpenAI's form, every request a line in the log and a count in the metrics.</summary>
internal sealed partial class OuterLayer(RequestDelegate next, ServerMetrics metrics, Admission admission, ILogger<OuterLayer> logger)
{
    /// <summary>Answers a request.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        CallRecord record = CallRecord.Of(context);
        context.Response.Headers["X-Request-Id"] = record.RequestId;
        if (admission.IsDraining)
            context.Response.Headers[HeaderNames.Connection] = "close";
        long start = TimeProvider.System.GetTimestamp();
        try
        {
            await next(context);
        }
        catch (Exception exception) when (context.RequestAborted.IsCancellationRequested && exception is OperationCanceledException or IOException)
        {
            record.IsAbandoned = true;
            context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
        catch (Exception exception) // every failure is answered, and those of the server are logged
        {
            await FailAsync(context, record, exception);
        }
        finally
        {
            Tell(context, record, TimeProvider.System.GetElapsedTime(start));
        }
    }

    private async Task FailAsync(HttpContext context, CallRecord record, Exception exception)
    {
        ApiException error = ErrorTranslation.Translate(exception, record.RequestId);
        record.ErrorCode = error.Code;
        if (error.Status >= StatusCodes.Status500InternalServerError && exception is not ApiException)
            LogFailure(logger, record.RequestId, exception);
        if (context.Response.HasStarted)
        {
            await BreakOffAsync(context, error);
            return;
        }

        string requestId = record.RequestId;
        context.Response.Clear();
        context.Response.Headers["X-Request-Id"] = requestId;
        SecurityHeaders.Add(context.Response.Headers);
        if (error.RetryAfter is { } retry)
            context.Response.Headers[HeaderNames.RetryAfter] = ((int)Math.Ceiling(retry.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        if (error.Status == StatusCodes.Status401Unauthorized)
            context.Response.Headers[HeaderNames.WWWAuthenticate] = "Bearer";
        if (admission.IsDraining || error.Status == StatusCodes.Status408RequestTimeout)
            context.Response.Headers[HeaderNames.Connection] = "close";
        await JsonAnswer.WriteAsync(context, error.Status, ErrorBody.Of(error), CancellationToken.None);
    }

    // The status is out already. A stream can still say what happened, and does not end as complete ones do; anything else can only break off.
    private static async Task BreakOffAsync(HttpContext context, ApiException error)
    {
        if (context.Response.ContentType?.StartsWith(EventStream.ContentType, StringComparison.Ordinal) == true)
            await new EventStream(context, context.RequestAborted).WriteAsync(ErrorBody.Of(error));
        else
            context.Abort();
    }

    private void Tell(HttpContext context, CallRecord record, TimeSpan taken)
    {
        string route = (context.GetEndpoint() as Microsoft.AspNetCore.Routing.RouteEndpoint)?.RoutePattern.RawText ?? "none";
        int status = context.Response.StatusCode;
        metrics.RequestEnded(route, status, record, taken);
        LogRequest(
            logger, record.RequestId, context.Request.Method, route, status, taken.TotalMilliseconds, record.Queued.TotalMilliseconds,
            record.Model, record.PromptTokens, record.ImageTokens, record.AnswerTokens, record.ErrorCode);
    }

    [LoggerMessage(
        EventId = 1, Level = LogLevel.Information,
        Message = "{RequestId} {Method} {Route} {Status} in {Milliseconds:0} ms, queued {QueuedMilliseconds:0} ms, model {Model}, "
            + "{PromptTokens} prompt tokens ({ImageTokens} image), {AnswerTokens} answer tokens, error {ErrorCode}")]
    private static partial void LogRequest(
        ILogger logger, string requestId, string method, string route, int status, double milliseconds, double queuedMilliseconds,
        string? model, int promptTokens, int imageTokens, int answerTokens, string? errorCode);

    [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "{RequestId} failed")]
    private static partial void LogFailure(ILogger logger, string requestId, Exception exception);
}
