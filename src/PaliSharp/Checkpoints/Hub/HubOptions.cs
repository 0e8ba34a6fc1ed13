namespace PaliSharp.Checkpoints.Hub;

/// <summary>Where the hub is, who asks, where files are kept, and how patient to be.</summary>
/// <remarks>
/// <see cref="FromEnvironment"/> reads the variables that the Python client reads, with the same defaults, so that both share one cache
/// and one login.
/// </remarks>
public sealed record HubOptions
{
    /// <summary>The address of the hub, without a slash at its end.</summary>
    public Uri Endpoint { get; init; } = new("https://huggingface.co");

    /// <summary>The access token, or null to ask anonymously. It is sent to <see cref="Endpoint"/> and to no other host.</summary>
    public string? Token { get; init; }

    /// <summary>The cache's root, which holds the <c>models--OWNER--NAME</c> folders.</summary>
    public required string CacheFolder { get; init; }

    /// <summary>Whether only the cache may be used.</summary>
    public bool Offline { get; init; }

    /// <summary>How long a download may stay silent before the connection is given up and resumed. Ten seconds by default.</summary>
    public TimeSpan DownloadTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the hub may take to begin an answer. Ten seconds by default.</summary>
    public TimeSpan MetadataTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many times in a row a failed request is repeated. Five by default; zero for never.</summary>
    public int Retries { get; init; } = 5;

    /// <summary>The pause before the first repetition; each further one doubles, up to <see cref="LongestPause"/>. One second by default.</summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause, also where the hub itself asks for a longer one: then the pull fails and says so. A minute by default.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether to fetch every file of the repository, not only those that PaliSharp can use.</summary>
    public bool AllFiles { get; init; }

    /// <summary>Whether snapshots may link to blobs. If not, or where links cannot be made, snapshots hold the files themselves.</summary>
    public bool UseSymbolicLinks { get; init; } = true;

    /// <summary>The bytes free for a folder, or null if unknown; replaced in tests.</summary>
    internal Func<string, long?> FreeSpace { get; init; } = DiskSpace.Available;

    /// <summary>Reads the options from environment variables, as the Python client does.</summary>
    /// <param name="variable">Looks a variable up; the process's environment when null. An empty value counts as unset.</param>
    /// <remarks>
    /// HF_ENDPOINT; HF_TOKEN, HUGGING_FACE_HUB_TOKEN, or the file at HF_TOKEN_PATH (by default <c>$HF_HOME/token</c>), unless
    /// HF_HUB_DISABLE_IMPLICIT_TOKEN is set; HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE or <c>$HF_HOME/hub</c>, with HF_HOME being
    /// <c>$XDG_CACHE_HOME/huggingface</c> or <c>~/.cache/huggingface</c> (also on Windows) by default; HF_HUB_OFFLINE or
    /// TRANSFORMERS_OFFLINE; HF_HUB_DOWNLOAD_TIMEOUT and HF_HUB_ETAG_TIMEOUT in seconds.
    /// </remarks>
    /// <exception cref="HubException">A variable has a value that cannot be used, or the token file cannot be read.</exception>
    public static HubOptions FromEnvironment(Func<string, string?>? variable = null)
        => new EnvironmentReader(variable ?? Environment.GetEnvironmentVariable).Read();

    /// <summary>The options without the token, which belongs in no log.</summary>
    public override string ToString()
        => $"{Endpoint} (token: {(Token is null ? "none" : "set")}, cache: {CacheFolder}{(Offline ? ", offline" : "")})";

    /// <summary>Whether a token can be sent in a header: one word of visible ASCII characters.</summary>
    internal static bool IsSendable(string token) => token.Length > 0 && !token.AsSpan().ContainsAnyExceptInRange('!', '~');

    /// <summary>Refuses values that a program, rather than the environment, set wrongly.</summary>
    internal void Validate()
    {
        if (!Endpoint.IsAbsoluteUri || (Endpoint.Scheme != Uri.UriSchemeHttps && Endpoint.Scheme != Uri.UriSchemeHttp))
            throw new ArgumentException($"{nameof(Endpoint)} is '{Endpoint}'; expected an absolute http or https address.");
        if (Token is not null && !IsSendable(Token))
            throw new ArgumentException($"{nameof(Token)} is empty or holds blanks or characters outside ASCII.");
        ArgumentException.ThrowIfNullOrEmpty(CacheFolder);
        ArgumentOutOfRangeException.ThrowIfNegative(Retries);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(DownloadTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(MetadataTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(RetryPause, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(LongestPause, TimeSpan.Zero);
    }

    /// <summary>The address of the hub as text, without a slash at its end.</summary>
    internal string Address => Endpoint.AbsoluteUri.TrimEnd('/');
}
