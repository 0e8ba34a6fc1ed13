namespace PaliSharp.Server;

/// <summary>The bounds of work, memory and time. Everything a caller can make the server do is bounded by one of them.</summary>
public sealed class ServerLimits
{
    /// <summary>The most requests worked on at once, at least 1.</summary>
    public int ConcurrentRequests { get; set; } = 16;

    /// <summary>The most requests that wait for their turn, at least 0; further ones get 429 with <c>Retry-After</c>.</summary>
    public int QueuedRequests { get; set; } = 64;

    /// <summary>The requests a caller may begin each minute (by key, without keys by address), at least 1; null for no limit.</summary>
    public int? RequestsPerMinute { get; set; }

    /// <summary>The longest a request may take, waiting included. A caller may ask for less with <c>X-Request-Timeout-Ms</c>.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>The longest the headers of a request may take to arrive.</summary>
    public TimeSpan HeadersTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>The longest the body of a request may take to arrive.</summary>
    public TimeSpan BodyTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long accepted requests are worked on after the server was asked to stop.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How long the server still listens after it was asked to stop, already not ready, so that a load balancer notices before connections are
    /// refused.
    /// </summary>
    public TimeSpan DrainDelay { get; set; }

    /// <summary>The largest body of a request in bytes.</summary>
    public long RequestBytes { get; set; } = 32L << 20;

    /// <summary>The most bytes of bodies held at once, over all requests.</summary>
    public long BufferedBodyBytes { get; set; } = 256L << 20;

    /// <summary>The most pictures of a request, at least 1.</summary>
    public int PicturesPerRequest { get; set; } = 16;

    /// <summary>The most pixels of a picture.</summary>
    public long PicturePixels { get; set; } = 50_000_000;

    /// <summary>The most bytes of decoded pictures held at once, over all requests.</summary>
    public long DecodedPictureBytes { get; set; } = 1L << 30;

    /// <summary>The most tokens of an answer, at least 1; what a request asks for beyond it is refused.</summary>
    public int AnswerTokens { get; set; } = 2048;

    /// <summary>The most answers to one prompt (<c>n</c>), at least 1.</summary>
    public int Choices { get; set; } = 16;

    /// <summary>The most requests in one call of <c>/v1/vision/batch</c>, at least 1.</summary>
    public int BatchItems { get; set; } = 64;

    /// <summary>The most connections at once, at least 1.</summary>
    public int Connections { get; set; } = 1024;
}
