using System.Net;
using System.Net.Sockets;
using PaliSharp.Server.Errors;

namespace PaliSharp.Server.Pictures;

/// <summary>The network as the fetcher sees it, so that tests can give it another one.</summary>
/// <param name="ResolveAsync">The addresses of a name.</param>
/// <param name="IsAllowed">Whether an address may be connected to.</param>
internal sealed record FetchNetwork(Func<string, CancellationToken, Task<IPAddress[]>> ResolveAsync, Func<IPAddress, bool> IsAllowed)
{
    /// <summary>The real one: public addresses only.</summary>
    public static FetchNetwork Public { get; } = new(
        static (host, cancellationToken) => Dns.GetHostAddressesAsync(host, cancellationToken), PublicAddress.IsPublic);
}

/// <summary>
/// Fetches pictures that callers name by URL. A name is resolved once, its addresses are checked, and the connection is made to a checked
/// address: a name that changes its mind in between (DNS rebinding) gains nothing. Redirects are followed here, each checked anew.
/// </summary>
internal sealed class PictureFetcher : IDisposable
{
    private const int BufferSize = 81920;
    private static readonly int[] UsualPorts = [80, 443];

    private readonly PictureUrlOptions _options;
    private readonly FetchNetwork _network;
    private readonly HttpClient _client;

    /// <summary>Creates the fetcher.</summary>
    public PictureFetcher(PictureUrlOptions options, FetchNetwork network)
    {
        _options = options;
        _network = network;
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectCallback = ConnectAsync,
            PooledConnectionLifetime = TimeSpan.Zero,
            MaxResponseHeadersLength = 16,
            MaxResponseDrainSize = 0,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _client.DefaultRequestHeaders.UserAgent.ParseAdd("PaliSharp");
        _client.DefaultRequestHeaders.Accept.ParseAdd("image/*");
    }

    /// <summary>Fetches a picture.</summary>
    /// <param name="url">Its URL.</param>
    /// <param name="param">The field that named it.</param>
    /// <param name="maxBytes">The most bytes it may have.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ApiException">It may not be fetched, or could not be.</exception>
    public async Task<byte[]> FetchAsync(Uri url, string param, long maxBytes, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(_options.Timeout);
        try
        {
            for (int redirects = 0; redirects <= _options.MaxRedirects; redirects++)
            {
                Check(url, param);
                using var request = new HttpRequestMessage(HttpMethod.Get, url);
                using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timeout.Token);
                if (NextOf(url, response) is not { } next)
                    return await ReadAsync(response, param, maxBytes, timeout.Token);
                url = next;
            }

            throw Failed(param, $"it was redirected more than {_options.MaxRedirects} times");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failed(param, $"it took longer than {_options.Timeout.TotalSeconds:0.###} seconds");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or SocketException)
        {
            // What was thrown inside, refusals of addresses among them, is more telling than the wrapping.
            throw exception.InnerException as ApiException is { } refused ? refused : Failed(param, "its server could not be reached or broke off", exception);
        }
    }

    /// <summary>Closes connections.</summary>
    public void Dispose() => _client.Dispose();

    private static Uri? NextOf(Uri url, HttpResponseMessage response) =>
        (int)response.StatusCode is >= 300 and < 400 && response.Headers.Location is { } location ? new Uri(url, location) : null;

    private static ApiException Failed(string param, string why, Exception? inner = null) =>
        ApiException.BadRequest("picture_not_fetched", $"The picture could not be fetched: {why}.", param, inner);

    private static ApiException Refused(string param, string why) =>
        ApiException.BadRequest("picture_url_refused", $"The picture is not fetched: {why}", param);

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, string param, long maxBytes, CancellationToken cancellationToken)
    {
        if (!response.IsSuccessStatusCode)
            throw Failed(param, $"its server answered {(int)response.StatusCode}");
        if (response.Content.Headers.ContentLength > maxBytes)
            throw ApiException.TooLarge($"The picture has {response.Content.Headers.ContentLength:N0} bytes; {maxBytes:N0} are allowed.", param);
        using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var content = new MemoryStream();
        byte[] buffer = new byte[BufferSize];
        int read;
        while ((read = await body.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (content.Length + read > maxBytes)
                throw ApiException.TooLarge($"The picture has more than the {maxBytes:N0} bytes that are allowed.", param);
            content.Write(buffer, 0, read);
        }

        return content.ToArray();
    }

    private void Check(Uri url, string param)
    {
        if (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps)
            throw Refused(param, "its URL is neither http nor https.");
        if (url.UserInfo.Length > 0)
            throw Refused(param, "its URL holds a user name or password.");
        if (!_options.AllowAnyPort && !UsualPorts.Contains(url.Port))
            throw Refused(param, $"its URL names the port {url.Port}; allowed are {string.Join(" and ", UsualPorts)}.");
        if (!_options.AllowedHosts.Any(pattern => HostPattern.Matches(pattern, url.IdnHost)))
            throw Refused(param, $"the host '{Shown.Text(url.IdnHost)}' is not one of those this server fetches from.");
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        string host = context.DnsEndPoint.Host;
        IPAddress[] addresses = IPAddress.TryParse(host, out IPAddress? literal) ? [literal] : await _network.ResolveAsync(host, cancellationToken);
        if (addresses.Length == 0)
            throw new SocketException((int)SocketError.HostNotFound);

        // One forbidden address is enough: whoever runs the name has no good reason for it.
        if (!Array.TrueForAll(addresses, address => _network.IsAllowed(address)))
            throw Refused("url", $"the host '{Shown.Text(host)}' has an address that is not on the public internet.");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
