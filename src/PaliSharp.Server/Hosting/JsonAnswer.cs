using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace PaliSharp.Server.Hosting;

/// <summary>Writes answers in JSON.</summary>
internal static class JsonAnswer
{
    /// <summary>The content type of answers.</summary>
    public const string ContentType = "application/json; charset=utf-8";

    /// <summary>Writes an object as the whole answer.</summary>
    public static async Task WriteAsync<T>(HttpContext context, int status, T value, CancellationToken cancellationToken)
    {
        byte[] json = Serialize(value);
        context.Response.StatusCode = status;
        context.Response.ContentType = ContentType;
        context.Response.ContentLength = json.Length;
        await context.Response.Body.WriteAsync(json, cancellationToken);
    }

    /// <summary>An object as UTF-8.</summary>
    public static byte[] Serialize<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, TypeInfo<T>());

    /// <summary>An object as an element.</summary>
    public static JsonElement ToElement<T>(T value) => JsonSerializer.SerializeToElement(value, TypeInfo<T>());

    /// <summary>How a type is read and written.</summary>
    public static JsonTypeInfo<T> TypeInfo<T>() => (JsonTypeInfo<T>)ServerJson.Context.GetTypeInfo(typeof(T))!;
}
