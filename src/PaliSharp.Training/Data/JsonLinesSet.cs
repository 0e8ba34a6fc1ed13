using System.Text.Json;

namespace PaliSharp.Training.Data;

/// <summary>The lines of a JSONL file: <c>{"image": PATH or [PATHS] or nothing, "prefix": …, "suffix": …}</c>.</summary>
internal sealed class JsonLinesSet : ExampleSet
{
    private const int MaximumPictures = 64;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };
    private readonly RecordIndex _records;
    private readonly ColumnNames _columns;
    private readonly PicturePaths _pictures;

    /// <summary>Finds the lines.</summary>
    /// <exception cref="RecipeException">The file cannot be read, is empty, or no line has a suffix.</exception>
    public JsonLinesSet(string path, ColumnNames columns, PicturePaths pictures)
    {
        (_records, _columns, _pictures) = (RecordIndex.OfLines(path), columns, pictures);
        SuffixCheck.Require(path, _records.Count, index => Parse(index).Suffix);
    }

    public override int Count => _records.Count;

    public override string Fingerprint => $"jsonl-{_records.Count}-{_records.Length}";

    public override DataItem Read(int index, ItemDraw draw) => Parse(index);

    private DataItem Parse(int index)
    {
        byte[] line = _records.Read(index);
        string origin = _records.Name(index);
        try
        {
            using JsonDocument document = JsonDocument.Parse(line, Strict);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw Bad(origin, $"it is a JSON {root.ValueKind}");
            return new DataItem(
                [.. Pictures(root, origin).Select(_pictures.Resolve)], Text(root, _columns.Prefix, origin), Text(root, _columns.Suffix, origin), origin);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // the latter for text that is no Unicode
        {
            throw Bad(origin, e.Message, e);
        }
    }

    private IEnumerable<string> Pictures(JsonElement root, string origin)
    {
        if (!root.TryGetProperty(_columns.Image, out JsonElement image) || image.ValueKind == JsonValueKind.Null)
            return [];
        if (image.ValueKind == JsonValueKind.String)
            return [image.GetString()!];
        if (image.ValueKind != JsonValueKind.Array || image.GetArrayLength() > MaximumPictures)
            throw Bad(origin, $"\"{_columns.Image}\" is neither a path nor a list of at most {MaximumPictures} paths");
        return [.. image.EnumerateArray().Select(entry => entry.GetString() ?? throw Bad(origin, $"\"{_columns.Image}\" holds null"))];
    }

    private static string Text(JsonElement root, string name, string origin) =>
        !root.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null ? string.Empty
        : value.ValueKind == JsonValueKind.String ? value.GetString()!
        : throw Bad(origin, $"\"{name}\" is a JSON {value.ValueKind} instead of a text");

    private static BadItemException Bad(string origin, string problem, Exception? cause = null) =>
        new(BadItemKind.Malformed, $"{origin} is no example: {problem.TrimEnd('.')}. Expected: an object with \"image\", \"prefix\" and \"suffix\".", cause);
}
