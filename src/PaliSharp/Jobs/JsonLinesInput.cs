using System.Text.Json;

namespace PaliSharp.Jobs;

/// <summary>The rows of a JSONL file.</summary>
internal sealed class JsonLinesInput : BatchInput
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    private readonly string _path;
    private readonly BatchInputOptions _options;
    private readonly string _folder;

    public JsonLinesInput(string path, BatchInputOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = path;
        _options = options;
        _folder = Folder(path, options);
        Identity = $"jsonl {InputFile.Hash(path)} image={options.ImageColumn} root={_folder}";
    }

    internal override string Identity { get; }

    internal override string ImageColumn => _options.ImageColumn;

    public override IEnumerable<BatchRow> Read()
    {
        using StreamReader reader = InputFile.Open(_path);
        long index = 0;
        foreach (string line in BoundedLines.Read(reader, _path, MaximumRowLength))
        {
            if (!string.IsNullOrWhiteSpace(line))
                yield return WithImage(Parse(index++, line), _options, _folder);
        }
    }

    /// <summary>Reads one line.</summary>
    internal static BatchRow Parse(long index, string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line, Strict);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return new BatchRow(index, []) { Problem = $"The line is a JSON {document.RootElement.ValueKind}; expected an object." };
            var fields = new List<KeyValuePair<string, string>>();
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                if (fields.Count == MaximumColumns)
                    return new BatchRow(index, []) { Problem = $"The object has more than {MaximumColumns} properties." };
                fields.Add(new(property.Name, Text(property.Value)));
            }

            return new BatchRow(index, fields) { Json = line.Trim() };
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException) // the latter for text that is no Unicode
        {
            return new BatchRow(index, []) { Problem = $"The line is not a JSON object: {exception.Message}" };
        }
    }

    // A list of words reads as the things of a prompt do.
    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Null => string.Empty,
        JsonValueKind.Array => string.Join(" ; ", value.EnumerateArray().Select(Text)),
        _ => value.GetRawText(),
    };
}
