using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using PaliSharp.Results;

namespace PaliSharp.Jobs;

/// <summary>Rows as JSON objects, one a line.</summary>
internal sealed class JsonLinesRows : RowFormat
{
    // Rows are as long as the model wrote them, with the row of the input.
    private const int MaximumLineLength = 1 << 28;

    private const string RowName = "row";
    private const string ErrorName = "error";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    public override ReadOnlyMemory<byte> Header => default;

    public override ReadOnlyMemory<byte> Write(BatchAnswer answer)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, ResultJson.WriterOptions))
        {
            writer.WriteStartObject();
            if (answer.Result is { } result)
            {
                foreach ((string name, JsonNode? value) in result)
                    Write(writer, name, value);
            }
            else
            {
                writer.WriteString("image", answer.Row.Image);
                WriteError(writer, answer.Error!);
                writer.WriteNumber("schema_version", ResultJson.SchemaVersion);
            }

            writer.WriteNumber(RowName, answer.Row.Index);
            WriteInput(writer, answer.Row);
            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenMemory;
    }

    public override long CompleteLength(Stream stream)
    {
        byte[] buffer = new byte[1 << 16];
        long complete = 0;
        long position = 0;
        int read;
        while ((read = stream.Read(buffer)) > 0)
        {
            int last = buffer.AsSpan(0, read).LastIndexOf((byte)'\n');
            if (last >= 0)
                complete = position + last + 1;
            position += read;
        }

        return complete;
    }

    public override IEnumerable<(long Index, bool IsError)> ReadBack(Stream stream)
    {
        using var reader = new StreamReader(stream, leaveOpen: true);
        foreach (string line in BoundedLines.Read(reader, "the output", MaximumLineLength))
            yield return Read(line);
    }

    public override IEnumerable<JsonObject> ReadResults(Stream stream)
    {
        using var reader = new StreamReader(stream, leaveOpen: true);
        foreach (string line in BoundedLines.Read(reader, "the output", MaximumLineLength))
        {
            if (JsonNode.Parse(line, null, Strict) is JsonObject row && !row.ContainsKey(ErrorName))
                yield return row;
        }
    }

    private static (long Index, bool IsError) Read(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line, Strict);
            JsonElement row = document.RootElement;
            return (row.GetProperty(RowName).GetInt64(), row.TryGetProperty(ErrorName, out _));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return (-1, false);
        }
    }

    private static void Write(Utf8JsonWriter writer, string name, JsonNode? value)
    {
        writer.WritePropertyName(name);
        if (value is null)
            writer.WriteNullValue();
        else
            value.WriteTo(writer);
    }

    private static void WriteError(Utf8JsonWriter writer, RowError error)
    {
        writer.WriteStartObject(ErrorName);
        writer.WriteString("kind", error.Kind);
        writer.WriteString("message", error.Message);
        writer.WriteEndObject();
    }

    private static void WriteInput(Utf8JsonWriter writer, BatchRow row)
    {
        writer.WritePropertyName("input");
        if (row.Json is not null)
        {
            writer.WriteRawValue(row.Json, skipInputValidation: true);
            return;
        }

        writer.WriteStartObject();
        foreach ((string name, string value) in row.Fields)
            writer.WriteString(name, value);
        writer.WriteEndObject();
    }
}
