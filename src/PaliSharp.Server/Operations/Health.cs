using Microsoft.AspNetCore.Http;
using PaliSharp.Server.Hosting;

namespace PaliSharp.Server.Operations;

/// <summary>The state of the server.</summary>
/// <param name="Status"><c>live</c>, <c>ready</c>, <c>loading</c>, <c>failed</c> or <c>stopping</c>.</param>
internal sealed record HealthAnswer(string Status);

/// <summary><c>/health/live</c>: the process answers. <c>/health/ready</c>: it takes requests.</summary>
internal sealed class Health(Admission admission, WarmUp warmUp)
{
    /// <summary>Answers <c>/health/live</c>.</summary>
    public static Task LiveAsync(HttpContext context) =>
        JsonAnswer.WriteAsync(context, StatusCodes.Status200OK, new HealthAnswer("live"), context.RequestAborted);

    /// <summary>Answers <c>/health/ready</c>.</summary>
    public Task ReadyAsync(HttpContext context)
    {
        string status = admission.IsDraining ? "stopping" : warmUp.Failure is not null ? "failed" : warmUp.IsReady ? "ready" : "loading";
        return JsonAnswer.WriteAsync(
            context, status == "ready" ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, new HealthAnswer(status), context.RequestAborted);
    }
}
