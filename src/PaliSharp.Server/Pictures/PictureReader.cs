using System.Buffers;
using System.Buffers.Text;
using PaliSharp.Imaging;
using PaliSharp.Server.Errors;
using PaliSharp.Server.Hosting;

namespace PaliSharp.Server.Pictures;

/// <summary>Where a picture is: in the request itself, or at a URL.</summary>
/// <param name="Param">The field that gave it.</param>
/// <param name="Name">What it is called in results.</param>
/// <param name="Data">The encoded picture; null for one at a URL.</param>
/// <param name="Url">Where it is to be fetched; null for one in the request.</param>
internal sealed record PictureSource(string Param, string Name, ReadOnlyMemory<byte>? Data, Uri? Url);

/// <summary>Gets pictures and decodes them within the bounds of memory.</summary>
internal sealed class PictureReader : IDisposable
{
    private const string DataScheme = "data:";
    private const string Base64Mark = ";base64";
    private const int BytesPerPixel = 4;

    private readonly ServerOptions _options;
    private readonly PictureFetcher? _fetcher;
    private readonly MemoryBudget _fetched;
    private readonly MemoryBudget _decoded;
    private readonly ImageDecoderOptions _decoder;

    // Decoding takes working memory, so only as many at once as there are processors to do it.
    private readonly SemaphoreSlim _decoders = new(Environment.ProcessorCount);

    /// <summary>Creates the reader.</summary>
    public PictureReader(ServerOptions options, FetchNetwork network)
    {
        _options = options;
        _fetcher = options.PictureUrls.Enabled ? new PictureFetcher(options.PictureUrls, network) : null;
        _fetched = new MemoryBudget(options.Limits.BufferedBodyBytes);
        _decoded = new MemoryBudget(options.Limits.DecodedPictureBytes);
        _decoder = new ImageDecoderOptions { MaxPixels = options.Limits.PicturePixels };
    }

    /// <summary>The bytes of fetched and of decoded pictures held now.</summary>
    public long HeldBytes => _fetched.Held + _decoded.Held;

    /// <summary>Understands a URL, without fetching anything.</summary>
    /// <param name="url">A data URL, or an http(s) URL where those are fetched.</param>
    /// <param name="param">The field that gave it.</param>
    /// <param name="name">What the picture is called in results.</param>
    /// <exception cref="ApiException">It is no such URL, or URLs are not fetched.</exception>
    public PictureSource Parse(string url, string param, string name)
    {
        if (url.StartsWith(DataScheme, StringComparison.OrdinalIgnoreCase))
            return new PictureSource(param, name, DecodeDataUrl(url, param), null);
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? uri) || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps))
            throw ApiException.InvalidValue(
                param, $"'{Shown.Text(url)}' is no picture. Expected a data URL such as data:image/png;base64,… or an http(s) URL.");
        if (_fetcher is null)
            throw ApiException.BadRequest(
                "picture_urls_disabled", "This server does not fetch pictures. Send the picture itself as a data URL: data:image/png;base64,…", param);
        return new PictureSource(param, name, null, uri);
    }

    /// <summary>Gets and decodes the pictures of a request.</summary>
    /// <param name="sources">Where they are.</param>
    /// <param name="call">The request, which holds their memory until it ends.</param>
    /// <exception cref="ApiException">One cannot be had, or they are too many or too large.</exception>
    public async Task<IReadOnlyList<Image>> ReadAsync(IReadOnlyList<PictureSource> sources, ApiCall call)
    {
        if (sources.Count == 0)
            return [];
        long start = TimeProvider.System.GetTimestamp();
        ReadOnlyMemory<byte>[] data = await CollectAsync(sources, call);
        long bytes = 0;
        for (int i = 0; i < sources.Count; i++)
            bytes += DecodedBytes(sources[i], data[i]);

        // All at once: requests that hold some and wait for more would wait for one another.
        call.Hold(await _decoded.ReserveAsync(bytes, call.Cancellation));
        var images = new Image[sources.Count];
        for (int i = 0; i < sources.Count; i++)
            images[i] = await DecodeAsync(sources[i], data[i], call.Cancellation);
        call.Timings.AddPictures(TimeProvider.System.GetElapsedTime(start));
        return images;
    }

    /// <summary>Checks how many pictures a request has.</summary>
    /// <exception cref="ApiException">There are too many.</exception>
    public void CheckCount(int count, string param)
    {
        if (count > _options.Limits.PicturesPerRequest)
            throw ApiException.InvalidValue(
                param, $"The request has more than {_options.Limits.PicturesPerRequest} pictures, which this server allows. Send them in several requests.");
    }

    /// <summary>Closes connections.</summary>
    public void Dispose()
    {
        _fetcher?.Dispose();
        _decoders.Dispose();
    }

    private static byte[] DecodeDataUrl(string url, string param)
    {
        int comma = url.IndexOf(',', StringComparison.Ordinal);
        if (comma < 0 || !url.AsSpan(0, comma).EndsWith(Base64Mark, StringComparison.OrdinalIgnoreCase))
            throw ApiException.InvalidValue(param, "The data URL is not of the form data:image/png;base64,… with the picture in base64.");
        return DecodeBase64(url.AsSpan(comma + 1), param);
    }

    private static byte[] DecodeBase64(ReadOnlySpan<char> text, string param)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(Base64.GetMaxDecodedFromUtf8Length(text.Length));
        try
        {
            if (!Convert.TryFromBase64Chars(text, rented, out int written) || written == 0)
                throw ApiException.InvalidValue(param, "The data URL does not hold valid base64. Encode the picture's file anew.");
            return rented.AsSpan(0, written).ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static T Named<T>(PictureSource source, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (ImageFormatException exception)
        {
            throw ApiException.BadRequest("invalid_image", exception.Message, source.Param, exception);
        }
        catch (ResourceLimitException exception)
        {
            throw ApiException.BadRequest("image_too_large", exception.Message, source.Param, exception);
        }
    }

    /// <summary>The encoded pictures. Those that are fetched may together have as many bytes as a body.</summary>
    private async Task<ReadOnlyMemory<byte>[]> CollectAsync(IReadOnlyList<PictureSource> sources, ApiCall call)
    {
        int urls = sources.Count(source => source.Url is not null);
        long left = Math.Min(urls * _options.PictureUrls.MaxBytes, _options.Limits.RequestBytes);
        if (urls > 0)
            call.Hold(await _fetched.ReserveAsync(left, call.Cancellation));
        var data = new ReadOnlyMemory<byte>[sources.Count];
        for (int i = 0; i < data.Length; i++)
        {
            if (sources[i].Data is { } sent)
            {
                data[i] = sent;
                continue;
            }

            data[i] = await _fetcher!.FetchAsync(sources[i].Url!, sources[i].Param, Math.Min(_options.PictureUrls.MaxBytes, left), call.Cancellation);
            left -= data[i].Length;
        }

        return data;
    }

    private long DecodedBytes(PictureSource source, ReadOnlyMemory<byte> data)
    {
        ImageInfo info = Named(source, () => Image.Identify(data, _decoder));
        long pixels = (long)info.Width * info.Height;
        return pixels <= _decoder.MaxPixels
            ? pixels * BytesPerPixel
            : throw ApiException.BadRequest(
                "image_too_large",
                $"The picture has {info.Width}x{info.Height} pixels; this server takes {_decoder.MaxPixels:N0} at most. Send a smaller one.",
                source.Param);
    }

    private async Task<Image> DecodeAsync(PictureSource source, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        await _decoders.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(() => Named(source, () => Image.Decode(data, _decoder)), cancellationToken);
        }
        finally
        {
            _decoders.Release();
        }
    }
}
