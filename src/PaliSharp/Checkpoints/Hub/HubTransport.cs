using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace PaliSharp.Checkpoints.Hub;

/// <summary>An answer and the address that gave it.</summary>
internal sealed record HubAnswer(HttpResponseMessage Response, Uri Address, bool FromHub) : IDisposable
{
    public void Dispose() => Response.Dispose();

    /// <summary>The first value of a header, or null.</summary>
    public string? Header(string name)
        => Response.Headers.TryGetValues(name, out IEnumerable<string>? values)
            || Response.Content.Headers.TryGetValues(name, out values)
                ? values.FirstOrDefault()
                : null;
}

/// <summary>
/// Sends requests: follows redirects itself, so that the token goes to the hub alone, and turns failures that may pass into
/// <see cref="TransientHubException"/>.
/// </summary>
internal sealed class HubTransport : IDisposable
{
    private const int MostRedirects = 5;

    private readonly HttpClient _client;
    private readonly HubOptions _options;
    private bool _answered;

    public HubTransport(HubOptions options)
    {
        _options = options;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = options.MetadataTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            UseCookies = false,
            // A hub on this machine is never behind a proxy.
            UseProxy = !options.Endpoint.IsLoopback,
        };
        _client = new HttpClient(handler, disposeHandler: true) { Timeout = Timeout.InfiniteTimeSpan };
        string version = typeof(HubTransport).Assembly.GetName().Version?.ToString(3) ?? "0";
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("palisharp", version));
        // Sizes and ranges must be those of the file, not of a compressed form of it.
        _client.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
    }

    /// <summary>Sends a request and reads the head of the answer.</summary>
    /// <param name="method">GET or HEAD.</param>
    /// <param name="address">Where to.</param>
    /// <param name="rangeStart">The first byte wanted; 0 for the whole.</param>
    /// <param name="isFinal">Tells that an answer is wanted as it is, even if it redirects.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>Any answer but a redirect and a failure that may pass; also a refusal.</returns>
    /// <exception cref="TransientHubException">The connection or the hub failed; repeat.</exception>
    /// <exception cref="HubException">A redirect is not safe to follow, or the connection cannot be secured.</exception>
    public async Task<HubAnswer> SendAsync(
        HttpMethod method, Uri address, long rangeStart, Func<HubAnswer, bool>? isFinal, CancellationToken cancellationToken)
    {
        for (int redirects = 0; ; redirects++)
        {
            var answer = new HubAnswer(
                await SendOnceAsync(method, address, rangeStart, cancellationToken), address, IsHub(address));
            bool keep = false;
            try
            {
                ThrowIfTransient(answer);
                bool redirect = (int)answer.Response.StatusCode is 301 or 302 or 303 or 307 or 308;
                if (!redirect || isFinal?.Invoke(answer) == true)
                {
                    keep = true;
                    return answer;
                }

                if (redirects == MostRedirects)
                {
                    throw new HubRequestException(
                        HubFailure.BadAnswer, $"{address.Host} redirects more than {MostRedirects} times. Check HF_ENDPOINT, or try again later.");
                }

                address = NextAddress(address, answer.Response.Headers.Location);
            }
            finally
            {
                if (!keep)
                    answer.Dispose();
            }
        }
    }

    /// <summary>Reads a part of a body, or fails if nothing arrives for too long.</summary>
    /// <returns>The number of bytes; 0 at the end.</returns>
    /// <exception cref="TransientHubException">The connection broke or fell silent.</exception>
    public async ValueTask<int> ReadAsync(Stream body, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        silence.CancelAfter(_options.DownloadTimeout);
        try
        {
            return await body.ReadAsync(buffer, silence.Token);
        }
        catch (Exception e) when (IsConnectionFailure(e, cancellationToken))
        {
            throw new TransientHubException(
                HubFailure.Network,
                e is OperationCanceledException
                    ? $"The download fell silent for {_options.DownloadTimeout.TotalSeconds} s (HF_HUB_DOWNLOAD_TIMEOUT)."
                    : $"The connection broke: {e.Message}",
                e);
        }
    }

    /// <summary>Ends all connections.</summary>
    public void Dispose() => _client.Dispose();

    private static bool IsConnectionFailure(Exception e, CancellationToken cancellationToken)
        => e is HttpRequestException or IOException or SocketException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    private bool IsHub(Uri address)
        => Uri.Compare(address, _options.Endpoint, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private async Task<HttpResponseMessage> SendOnceAsync(HttpMethod method, Uri address, long rangeStart, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, address);
        if (_options.Token is { } token && IsHub(address))
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (rangeStart > 0)
            request.Headers.Range = new RangeHeaderValue(rangeStart, null);

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(_options.MetadataTimeout);
        try
        {
            HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
            _answered = true;
            return response;
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            throw new HubRequestException(
                HubFailure.Network,
                $"No secure connection to {address.Authority}: {(e.InnerException ?? e).Message} Check the clock, the certificates and HF_ENDPOINT.",
                e);
        }
        catch (Exception e) when (IsConnectionFailure(e, cancellationToken))
        {
            string reason = e is OperationCanceledException
                ? $"no answer within {_options.MetadataTimeout.TotalSeconds} s (HF_HUB_ETAG_TIMEOUT)"
                : e.Message;
            throw new TransientHubException(
                HubFailure.Network,
                $"The hub cannot be reached at {address.Authority}: {reason}. Check the network, the proxy settings and HF_ENDPOINT, "
                + "or set HF_HUB_OFFLINE=1 to use only what is in the cache.",
                e) { NeverReached = !_answered };
        }
    }

    private static void ThrowIfTransient(HubAnswer answer)
    {
        int status = (int)answer.Response.StatusCode;
        if (status is not (408 or 429 or 500 or 502 or 503 or 504))
            return;
        RetryConditionHeaderValue? header = answer.Response.Headers.RetryAfter;
        TimeSpan? pause = header?.Delta ?? (header?.Date is { } date ? date - DateTimeOffset.UtcNow : null);
        throw new TransientHubException(
            status == 429 ? HubFailure.RateLimited : HubFailure.ServerError,
            status == 429
                ? $"{answer.Address.Authority} asks for fewer requests (HTTP 429)."
                : $"{answer.Address.Authority} failed with HTTP {status}.")
        {
            RetryAfter = pause < TimeSpan.Zero ? TimeSpan.Zero : pause,
        };
    }

    /// <summary>Where a redirect leads.</summary>
    /// <exception cref="HubException">It leads nowhere, or from a protected to an unprotected connection.</exception>
    internal static Uri NextAddress(Uri from, Uri? location)
    {
        bool valid = Uri.TryCreate(from, location, out Uri? next) && (next.Scheme == Uri.UriSchemeHttps || next.Scheme == Uri.UriSchemeHttp);
        if (!valid)
        {
            throw new HubRequestException(
                HubFailure.BadAnswer, $"{from.Host} redirects without a web address to go to. Check HF_ENDPOINT, or try again later.");
        }

        return from.Scheme == Uri.UriSchemeHttps && next!.Scheme == Uri.UriSchemeHttp && !next.IsLoopback
            ? throw new HubRequestException(
                HubFailure.BadAnswer,
                $"{from.Host} redirects from https to http at {next.Host}. An unprotected address is refused; check HF_ENDPOINT.")
            : next!;
    }
}
