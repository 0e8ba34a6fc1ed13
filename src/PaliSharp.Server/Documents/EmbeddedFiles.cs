using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace PaliSharp.Server.Documents;

/// <summary>Files that travel inside the program.</summary>
internal static class EmbeddedFiles
{
    /// <summary>Answers <c>GET /openapi.json</c>.</summary>
    public static RequestDelegate OpenApi { get; } = Serve("openapi.json", "application/json; charset=utf-8");

    /// <summary>The content of a file.</summary>
    public static byte[] Read(string name)
    {
        using Stream stream = typeof(EmbeddedFiles).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The program lacks its file '{name}'.");
        byte[] content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }

    /// <summary>Makes a handler that serves a file; a browser that has it asks whether it changed.</summary>
    /// <param name="name">The file.</param>
    /// <param name="contentType">Its content type.</param>
    public static RequestDelegate Serve(string name, string contentType)
    {
        byte[] content = Read(name);
        string tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 12))}\"";
        return context =>
        {
            HttpResponse response = context.Response;
            response.Headers[HeaderNames.CacheControl] = "no-cache";
            response.Headers[HeaderNames.ETag] = tag;
            if (context.Request.Headers[HeaderNames.IfNoneMatch] == tag)
            {
                response.StatusCode = StatusCodes.Status304NotModified;
                return Task.CompletedTask;
            }

            response.ContentType = contentType;
            response.ContentLength = content.Length;
            return response.Body.WriteAsync(content, context.RequestAborted).AsTask();
        };
    }
}
