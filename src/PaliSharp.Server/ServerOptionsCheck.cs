using System.Net;
using PaliSharp.Server.Pictures;

namespace PaliSharp.Server;

/// <summary>Refuses options that make no sense before anything is started.</summary>
internal static class ServerOptionsCheck
{
    private const int MinimumKeyLength = 8;
    private static readonly TimeSpan LongestTime = TimeSpan.FromDays(1);

    /// <summary>Checks options.</summary>
    /// <exception cref="ArgumentException">A value is out of range, or two exclude each other.</exception>
    public static void Validate(ServerOptions options)
    {
        Require(options.Port is >= 0 and <= IPEndPoint.MaxPort, $"Port is {options.Port}; expected 0 to {IPEndPoint.MaxPort}.");
        Require(ListenAddress.IsValid(options.Host), $"Host is '{options.Host}'; expected localhost, an IP address, or * for every address.");
        foreach (string key in options.ApiKeys)
        {
            Require(key.Length >= MinimumKeyLength, $"An API key has {key.Length} characters; use at least {MinimumKeyLength}.");
            Require(key.All(c => c is > ' ' and <= '~'), "An API key holds a space or a character beyond ASCII, which a header cannot carry.");
        }

        foreach (string origin in options.CorsOrigins)
            Require(IsOrigin(origin), $"The CORS origin '{origin}' is not of the form https://example.org.");
        if (options.PictureUrls.Enabled)
            CheckPictureUrls(options.PictureUrls);
        CheckLimits(options.Limits);
    }

    private static void CheckPictureUrls(PictureUrlOptions options)
    {
        Require(options.AllowedHosts.Count > 0, "Picture URLs are enabled without allowed hosts. Name some, such as 'images.example.org' or '*.example.org'.");
        foreach (string host in options.AllowedHosts)
            Require(HostPattern.IsValid(host), $"The allowed host '{host}' is neither a name, an address, '*.name' nor '*'.");
        Require(options.MaxBytes > 0, $"MaxBytes of picture URLs is {options.MaxBytes}; expected at least 1.");
        Require(options.MaxRedirects is >= 0 and <= 10, $"MaxRedirects is {options.MaxRedirects}; expected 0 to 10.");
        CheckTime(options.Timeout, nameof(options.Timeout));
    }

    private static void CheckLimits(ServerLimits limits)
    {
        AtLeast(1, limits.ConcurrentRequests, nameof(limits.ConcurrentRequests));
        AtLeast(0, limits.QueuedRequests, nameof(limits.QueuedRequests));
        AtLeast(1, limits.RequestsPerMinute ?? 1, nameof(limits.RequestsPerMinute));
        AtLeast(1, limits.RequestBytes, nameof(limits.RequestBytes));
        AtLeast(limits.RequestBytes, limits.BufferedBodyBytes, nameof(limits.BufferedBodyBytes));
        AtLeast(1, limits.PicturesPerRequest, nameof(limits.PicturesPerRequest));
        AtLeast(1, limits.PicturePixels, nameof(limits.PicturePixels));
        AtLeast(1, limits.DecodedPictureBytes, nameof(limits.DecodedPictureBytes));
        AtLeast(1, limits.AnswerTokens, nameof(limits.AnswerTokens));
        AtLeast(1, limits.Choices, nameof(limits.Choices));
        AtLeast(1, limits.BatchItems, nameof(limits.BatchItems));
        AtLeast(1, limits.Connections, nameof(limits.Connections));
        CheckTime(limits.RequestTimeout, nameof(limits.RequestTimeout));
        CheckTime(limits.HeadersTimeout, nameof(limits.HeadersTimeout));
        CheckTime(limits.BodyTimeout, nameof(limits.BodyTimeout));
        CheckTime(limits.DrainTimeout, nameof(limits.DrainTimeout));
        Require(limits.DrainDelay >= TimeSpan.Zero && limits.DrainDelay <= LongestTime, $"DrainDelay is {limits.DrainDelay}; expected 0 to a day.");
    }

    private static void AtLeast(long minimum, long value, string name) => Require(value >= minimum, $"{name} is {value}; expected at least {minimum}.");

    private static void CheckTime(TimeSpan value, string name) =>
        Require(value > TimeSpan.Zero && value <= LongestTime, $"{name} is {value}; expected more than 0 and at most a day.");

    private static bool IsOrigin(string origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri)
        && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
        && string.Equals(uri.GetLeftPart(UriPartial.Authority), origin, StringComparison.OrdinalIgnoreCase);

    private static void Require(bool holds, string message)
    {
        if (!holds)
            throw new ArgumentException(message);
    }
}
