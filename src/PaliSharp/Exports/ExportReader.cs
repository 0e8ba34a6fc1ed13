using System.Text.Json;
using System.Text.Json.Nodes;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;

namespace PaliSharp.Exports;

/// <summary>Reads results in JSON back as pictures with objects.</summary>
internal static class ExportReader
{
    /// <summary>Reads the result of a detection or segmentation.</summary>
    /// <exception cref="JobException">It is none.</exception>
    public static ExportPicture Read(JsonObject result)
    {
        try
        {
            JsonArray objects = (result["detections"] ?? result["segments"] ?? result["regions"] ?? throw new FormatException("it has no 'detections', 'segments' or 'regions'")).AsArray();
            return new ExportPicture(
                Text(result["image"]),
                Required(result["width"]).GetValue<int>(),
                Required(result["height"]).GetValue<int>(),
                [.. objects.Select(item => ReadObject(item!.AsObject()))]);
        }
        catch (Exception exception) when (exception is FormatException or InvalidOperationException or JsonException)
        {
            throw new JobException($"A row holds no objects to export: {exception.Message}. Exports are made of detections and segmentations.", exception);
        }
    }

    private static ExportObject ReadObject(JsonObject item)
    {
        float[] box = [.. (item["box"] ?? throw new FormatException("an object has no 'box'")).AsArray().Select(edge => Required(edge).GetValue<float>())];
        if (box.Length != 4)
            throw new FormatException($"a box has {box.Length} edges");
        float score = item["score"] is JsonValue value && value.TryGetValue(out float given) ? given : float.NaN; // "NaN" is text
        return new ExportObject(Text(item["label"] ?? item["text"]), score, new BoundingBox(box[0], box[1], box[2], box[3])) { Mask = ReadMask(item["mask"]) };
    }

    private static RunLengths? ReadMask(JsonNode? mask)
    {
        if (mask is null)
            return null;
        int[] size = [.. Required(mask["size"]?.AsArray()).Select(side => Required(side).GetValue<int>())];
        return size.Length == 2 ? RunLengths.Parse(size[1], size[0], Text(mask["counts"])) : throw new FormatException($"a mask has {size.Length} sides");
    }

    private static string Text(JsonNode? node) => node?.ToString() ?? throw new FormatException("a text is missing");

    private static T Required<T>(T? node)
        where T : JsonNode => node ?? throw new FormatException("a value is missing");
}
