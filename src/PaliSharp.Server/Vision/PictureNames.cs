using PaliSharp.Server.Errors;
using PaliSharp.Server.Pictures;

namespace PaliSharp.Server.Vision;

/// <summary>Finds the pictures a request is about: named in its fields, or sent along as parts.</summary>
internal static class PictureNames
{
    private const string PartScheme = "part:";

    /// <summary>The pictures of a request, in order.</summary>
    /// <param name="request">The request.</param>
    /// <param name="parts">The pictures sent along.</param>
    /// <param name="reader">Understands URLs.</param>
    /// <exception cref="ApiException">There is none, or one cannot be had.</exception>
    public static IEnumerable<PictureSource> Find(VisionRequest request, IReadOnlyList<PicturePart> parts, PictureReader reader)
    {
        if (request is { Image: not null, Images: not null })
            throw ApiException.InvalidValue("images", "Both image and images are given. Send one of them.");
        string[] named = request.Images is { } several ? [.. several] : request.Image is { } single ? [single] : [];
        string param = request.Images is null ? "image" : "images";
        reader.CheckCount(named.Length, param);
        PictureSource[] fromFields = [.. named.Select((url, i) => FromField(url, i, named.Length == 1 ? param : $"{param}[{i}]", parts, reader))];
        PictureSource[] fromParts =
            [.. parts.Where(part => !IsNamed(request, part)).Select(part => new PictureSource(part.Name, part.FileName, part.Data, null))];
        return fromFields.Length + fromParts.Length > 0
            ? [.. fromFields, .. fromParts]
            : throw ApiException.BadRequest(
                "missing_parameter", "There is no picture. Send it as 'image': a data URL in JSON, or a file in multipart/form-data.", "image");
    }

    /// <summary>Whether a field of a request names a part.</summary>
    public static bool IsNamed(VisionRequest request, PicturePart part) =>
        Names(request.Image, part) || request.Images?.Any(image => Names(image, part)) == true;

    private static bool Names(string? image, PicturePart part) =>
        image is not null && image.StartsWith(PartScheme, StringComparison.Ordinal) && image.AsSpan(PartScheme.Length).SequenceEqual(part.Name);

    private static PictureSource FromField(string url, int index, string param, IReadOnlyList<PicturePart> parts, PictureReader reader)
    {
        if (url is null)
            throw ApiException.InvalidValue(param, $"{param} is null.");
        if (!url.StartsWith(PartScheme, StringComparison.Ordinal))
            return reader.Parse(url, param, $"image{index}");
        string name = url[PartScheme.Length..];
        PicturePart part = parts.FirstOrDefault(part => part.Name == name)
            ?? throw ApiException.InvalidValue(param, $"There is no part '{Shown.Text(name)}' in the body.");
        return new PictureSource(param, part.FileName, part.Data, null);
    }
}
