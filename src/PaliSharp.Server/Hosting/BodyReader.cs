using System.Text.Json;
using Microsoft.AspNetCore.Http;
using PaliSharp.Server.Errors;

namespace PaliSharp.Server.Hosting;

/// <summary>Receives bodies within the bounds of size, memory and time.</summary>
internal sealed class BodyReader(ServerOptions options)
{
    private readonly MemoryBudget _budget = new(options.Limits.BufferedBodyBytes);

    /// <summary>The bytes of bodies held now.</summary>
    public long HeldBytes => _budget.Held;

    /// <summary>Receives JSON.</summary>
    /// <exception cref="ApiException">It is no JSON, too large or too slow.</exception>
    public Task<T> ReadJsonAsync<T>(ApiCall call)
    {
        if (!call.Context.Request.HasJsonContentType())
            throw ApiException.WrongMediaType("The body is not declared as JSON. Send the header 'Content-Type: application/json'.");
        return ReceiveAsync(call, async (body, cancellationToken) =>
            await JsonSerializer.DeserializeAsync(body, JsonAnswer.TypeInfo<T>(), cancellationToken)
            ?? throw ApiException.BadRequest("invalid_json", "The body is null. Send a JSON object."));
    }

    /// <summary>Receives a body.</summary>
    /// <param name="call">The request, which holds the memory of the body until it ends.</param>
    /// <param name="read">Reads it.</param>
    /// <exception cref="ApiException">It is too large or too slow.</exception>
    public async Task<T> ReceiveAsync<T>(ApiCall call, Func<Stream, CancellationToken, Task<T>> read)
    {
        HttpRequest request = call.Context.Request;
        long limit = options.Limits.RequestBytes;

        // Nothing is unpacked: a small body could unfold into a huge one, and pictures are packed already.
        if (request.Headers.ContentEncoding is [{ Length: > 0 } encoding, ..] && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
            throw ApiException.WrongMediaType($"The body is declared as encoded ('{Shown.Text(encoding)}'). Send it as it is, without Content-Encoding.");
        if (request.ContentLength > limit)
            throw ApiException.TooLarge($"The body has {request.ContentLength:N0} bytes; this server takes {limit:N0}. Send fewer or smaller pictures.");
        call.Hold(await _budget.ReserveAsync(request.ContentLength ?? limit, call.Cancellation));
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(call.Cancellation);
        timeout.CancelAfter(options.Limits.BodyTimeout);
        try
        {
            return await read(new BoundedStream(request.Body, limit), timeout.Token);
        }
        catch (OperationCanceledException) when (!call.Cancellation.IsCancellationRequested)
        {
            throw new ApiException(
                StatusCodes.Status408RequestTimeout, "invalid_request_error", "body_timeout",
                $"The body did not arrive within {options.Limits.BodyTimeout.TotalSeconds:0.###} seconds.");
        }
    }
}
