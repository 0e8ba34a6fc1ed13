using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using PaliSharp.Server.Errors;
using PaliSharp.Server.Hosting;

namespace PaliSharp.Server.Vision;

/// <summary>Reads <c>multipart/form-data</c>: parts with a file name are pictures, the others fields. Nothing touches the disk.</summary>
internal static class MultipartBody
{
    private const string MediaType = "multipart/form-data";
    private const string RequestsField = "requests";
    private const int MaximumBoundaryLength = 128;
    private const int MaximumHeaders = 16;
    private const int MaximumHeaderLength = 8 << 10;
    private const int MaximumParts = 1024;
    private const int MaximumFieldLength = 1 << 20;
    private const int MaximumFileNameLength = 200;

    /// <summary>Whether a request has such a body.</summary>
    public static bool IsMultipart(HttpRequest request) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type)
            && type.MediaType.Equals(MediaType, StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads a body.</summary>
    /// <param name="request">The request.</param>
    /// <param name="body">Its body.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ApiException">It is malformed.</exception>
    public static async Task<VisionBody> ReadAsync(HttpRequest request, Stream body, CancellationToken cancellationToken)
    {
        var reader = new MultipartReader(BoundaryOf(request), body) { HeadersCountLimit = MaximumHeaders, HeadersLengthLimit = MaximumHeaderLength };
        var fields = new JsonObject();
        var parts = new List<PicturePart>();
        try
        {
            int count = 0;
            while (await reader.ReadNextSectionAsync(cancellationToken) is { } section)
            {
                if (++count > MaximumParts)
                    throw Malformed($"it has more than {MaximumParts} parts");
                await ReadSectionAsync(section, fields, parts, cancellationToken);
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException and not BadHttpRequestException)
        {
            throw Malformed("a part is incomplete or its headers are too large", exception);
        }

        return new VisionBody(JsonAnswer.ToElement(fields), parts);
    }

    private static string BoundaryOf(HttpRequest request)
    {
        string boundary = HeaderUtilities.RemoveQuotes(MediaTypeHeaderValue.Parse(request.ContentType).Boundary).ToString();
        return boundary.Length is > 0 and <= MaximumBoundaryLength
            ? boundary
            : throw Malformed($"its boundary is missing or longer than {MaximumBoundaryLength} characters");
    }

    private static async Task ReadSectionAsync(MultipartSection section, JsonObject fields, List<PicturePart> parts, CancellationToken cancellationToken)
    {
        if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out ContentDispositionHeaderValue? disposition)
            || HeaderUtilities.RemoveQuotes(disposition.Name).ToString() is not { Length: > 0 } name)
        {
            throw Malformed("a part has no name");
        }

        if (disposition.IsFileDisposition())
        {
            using var content = new MemoryStream();
            await section.Body.CopyToAsync(content, cancellationToken);
            string fileName = HeaderUtilities.RemoveQuotes(disposition.FileNameStar.HasValue ? disposition.FileNameStar : disposition.FileName).ToString();
            parts.Add(new PicturePart(name, ShortName(fileName), content.ToArray()));
            return;
        }

        AddField(fields, name, await ReadTextAsync(section.Body, cancellationToken));
    }

    private static async Task<string> ReadTextAsync(Stream body, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[4096];
        using var content = new MemoryStream();
        int read;
        while ((read = await body.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (content.Length + read > MaximumFieldLength)
                throw Malformed($"a field is longer than {MaximumFieldLength:N0} bytes; send pictures as files");
            content.Write(buffer, 0, read);
        }

        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(content.GetBuffer(), 0, (int)content.Length);
        }
        catch (DecoderFallbackException exception)
        {
            throw Malformed("a field is not UTF-8", exception);
        }
    }

    private static void AddField(JsonObject fields, string name, string text)
    {
        if (VisionFields.Lists.Contains(name))
        {
            if (!fields.TryGetPropertyValue(name, out JsonNode? list))
                fields[name] = list = new JsonArray();
            list!.AsArray().Add((JsonNode)text);
            return;
        }

        if (fields.ContainsKey(name))
            throw ApiException.BadRequest("duplicate_parameter", $"The field '{Shown.Text(name)}' is given twice.", Shown.Text(name));
        fields[name] = VisionFields.Texts.Contains(name) ? text : Literal(name, text);
    }

    // Numbers and truth values are written as in JSON.
    private static JsonNode? Literal(string name, string text)
    {
        try
        {
            JsonNode? value = JsonNode.Parse(text);
            if (value is JsonValue || (value is JsonArray && name == RequestsField))
                return value;
        }
        catch (JsonException)
        {
            // told below, in the terms of forms
        }

        throw ApiException.InvalidValue(
            Shown.Text(name), $"The field '{Shown.Text(name)}' holds '{Shown.Text(text)}', which is neither a number nor true or false.");
    }

    private static string ShortName(string fileName)
    {
        string name = fileName[(fileName.LastIndexOfAny(['/', '\\']) + 1)..];
        return name.Length switch
        {
            0 => "image",
            > MaximumFileNameLength => name[..MaximumFileNameLength],
            _ => name,
        };
    }

    private static ApiException Malformed(string why, Exception? inner = null) =>
        ApiException.BadRequest("invalid_multipart", $"The body is no well-formed multipart/form-data: {why}.", inner: inner);
}
