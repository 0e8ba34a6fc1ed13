using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using PaliSharp.Server.Errors;

namespace PaliSharp.Server.Hosting;

/// <summary>Who may come in: names the server is called by, origins of web pages, rate limits, keys.</summary>
internal sealed class EntryCheck(RequestDelegate next, ServerOptions options, ApiKeys keys, CallerRates rates)
{
    private static readonly string[] LocalNames = ["localhost", "127.0.0.1", "[::1]"];
    private static readonly TimeSpan UnknownRetry = TimeSpan.FromSeconds(60);

    /// <summary>Checks a request.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        SecurityHeaders.Add(context.Response.Headers);
        CheckHost(context.Request);
        CheckOrigin(context.Request);
        if (IsOpen(context.Request.Path))
        {
            await next(context);
            return;
        }

        CallerIdentity caller = keys.Identify(context);
        using RateLimitLease lease = rates.Take(caller.Partition);
        if (!lease.IsAcquired)
            throw ApiException.RateLimited(lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan retry) ? retry : UnknownRetry);
        if (!caller.IsAuthorized)
        {
            throw ApiException.Unauthorized(caller.HasPresentedKey
                ? "The API key is not one of this server's."
                : "This server needs an API key. Send it as the header 'Authorization: Bearer KEY'.");
        }

        await next(context);
    }

    // Health, the page and the description of the API hold nothing to protect.
    private static bool IsOpen(PathString path) =>
        !path.StartsWithSegments("/v1", StringComparison.OrdinalIgnoreCase) && !path.StartsWithSegments("/metrics", StringComparison.OrdinalIgnoreCase);

    private void CheckHost(HttpRequest request)
    {
        string host = request.Host.Host;
        if (options.AllowedHosts.Count == 0 && !ListenAddress.IsLoopback(options.Host))
            return;
        if (!LocalNames.Contains(host, StringComparer.OrdinalIgnoreCase)
            && !string.Equals(host, options.Host, StringComparison.OrdinalIgnoreCase)
            && !options.AllowedHosts.Contains(host, StringComparer.OrdinalIgnoreCase))
        {
            throw ApiException.Forbidden(
                "unknown_host", $"The server does not answer to the name '{Shown.Text(host)}'. Add it to the allowed hosts if it is yours.");
        }
    }

    // A browser says which page sends a request. Pages of other origins have no business here, even where no answer would be shown to them.
    private void CheckOrigin(HttpRequest request)
    {
        string? origin = request.Headers[HeaderNames.Origin];
        if (string.IsNullOrEmpty(origin) || options.CorsOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase))
            return;
        bool isOwn = Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri)
            && string.Equals(uri.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase);
        if (!isOwn)
            throw ApiException.Forbidden(
                "foreign_origin", $"Web pages of '{Shown.Text(origin)}' may not call this server. Add the origin to the CORS origins if they should.");
    }
}
