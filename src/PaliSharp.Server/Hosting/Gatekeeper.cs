using System.Globalization;
using Microsoft.AspNetCore.Http;
using PaliSharp.Server.Errors;
using PaliSharp.Server.Operations;

namespace PaliSharp.Server.Hosting;

/// <summary>Puts requests for the model through what they share: readiness, the queue, the deadline, and giving everything back.</summary>
internal sealed class Gatekeeper(ServerOptions options, Admission admission, WarmUp warmUp)
{
    private const string TimeoutHeader = "X-Request-Timeout-Ms";
    private static readonly TimeSpan StartRetry = TimeSpan.FromSeconds(5);

    /// <summary>Makes a handler of work that needs the model.</summary>
    /// <param name="work">The work.</param>
    public RequestDelegate Guard(Func<ApiCall, Task> work) => async context =>
    {
        TimeSpan limit = ReadTimeout(context.Request);
        if (!warmUp.IsReady)
            throw ApiException.Unavailable("The server is loading its models.", StartRetry);
        using var deadline = new CancellationTokenSource(limit);
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, deadline.Token);
        using var call = new ApiCall(context, new CallTimings(), cancellation.Token);
        try
        {
            using IDisposable turn = await admission.EnterAsync(cancellation.Token);
            call.Timings.EndQueue();
            call.Record.Queued = call.Timings.Queued;
            await work(call);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            throw ApiException.TimedOut(limit);
        }
        finally
        {
            call.Record.FirstText = call.Timings.FirstText;
        }
    };

    private TimeSpan ReadTimeout(HttpRequest request)
    {
        TimeSpan longest = options.Limits.RequestTimeout;
        string? header = request.Headers[TimeoutHeader];
        if (header is null)
            return longest;
        if (!int.TryParse(header, NumberStyles.None, CultureInfo.InvariantCulture, out int milliseconds) || milliseconds == 0)
            throw ApiException.InvalidValue(TimeoutHeader, $"{TimeoutHeader} is '{Shown.Text(header)}'; expected a whole number of milliseconds, at least 1.");
        return TimeSpan.FromMilliseconds(Math.Min(milliseconds, longest.TotalMilliseconds));
    }
}
