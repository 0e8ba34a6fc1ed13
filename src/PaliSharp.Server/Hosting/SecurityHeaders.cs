using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace PaliSharp.Server.Hosting;

/// <summary>Headers that keep browsers from doing more with an answer than is meant.</summary>
internal static class SecurityHeaders
{
    /// <summary>What a page of the server may load: its own files, pictures it made itself, and nothing else.</summary>
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>Adds them.</summary>
    public static void Add(IHeaderDictionary headers)
    {
        headers[HeaderNames.ContentSecurityPolicy] = ContentSecurityPolicy;
        headers[HeaderNames.XContentTypeOptions] = "nosniff";
        headers[HeaderNames.XFrameOptions] = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers[HeaderNames.CacheControl] = "no-store";
    }
}
