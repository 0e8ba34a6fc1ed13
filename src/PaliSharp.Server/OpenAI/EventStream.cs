using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using PaliSharp.Server.Hosting;

namespace PaliSharp.Server.OpenAI;

/// <summary>An answer in server-sent events, each flushed as it is written.</summary>
internal sealed class EventStream(HttpContext context, CancellationToken cancellationToken)
{
    /// <summary>The content type.</summary>
    public const string ContentType = "text/event-stream";

    private static ReadOnlySpan<byte> Prefix => "data: "u8;

    private static ReadOnlySpan<byte> End => "\n\n"u8;

    /// <summary>Whether anything was written.</summary>
    public bool HasStarted { get; private set; } = context.Response.HasStarted;

    /// <summary>Writes an event that holds an object.</summary>
    public Task WriteAsync<T>(T value) => WriteAsync(JsonAnswer.Serialize(value));

    /// <summary>Says that the answer is complete.</summary>
    public Task EndAsync() => WriteAsync("[DONE]"u8.ToArray());

    private async Task WriteAsync(byte[] data)
    {
        HttpResponse response = context.Response;
        if (!HasStarted)
        {
            HasStarted = true;
            response.StatusCode = StatusCodes.Status200OK;
            response.ContentType = $"{ContentType}; charset=utf-8";
            response.Headers["X-Accel-Buffering"] = "no";
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        }

        byte[] message = [.. Prefix, .. data, .. End];
        await response.Body.WriteAsync(message, cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }
}
