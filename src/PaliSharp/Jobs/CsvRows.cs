using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using PaliSharp.Results;

namespace PaliSharp.Jobs;

/// <summary>Rows as CSV: the row's number, the columns of the input, those of the result, the error.</summary>
/// <remarks>A column of the result whose name the input has already gets the next free name in <c>_2</c>, <c>_3</c> and so on.</remarks>
internal sealed class CsvRows : RowFormat
{
    private const string RowName = "row";
    private const string ErrorName = "error";

    private readonly IReadOnlyList<string> _inputColumns;
    private readonly string _imageColumn;
    private readonly IReadOnlyList<string> _resultColumns;

    public CsvRows(IReadOnlyList<string> inputColumns, string imageColumn, IReadOnlyList<string> resultColumns)
    {
        _inputColumns = inputColumns;
        _imageColumn = imageColumn;
        _resultColumns = resultColumns;
        var used = new HashSet<string>(inputColumns, StringComparer.Ordinal);
        string[] results = [.. resultColumns.Append(ErrorName).Select(name => Unused(name, used))];
        Header = CsvText.Line([Unused(RowName, used), .. inputColumns, .. results]);
    }

    public override ReadOnlyMemory<byte> Header { get; }

    public override ReadOnlyMemory<byte> Write(BatchAnswer answer) => CsvText.Line(
    [
        answer.Row.Index.ToString(CultureInfo.InvariantCulture),
        .. _inputColumns.Select(name => answer.Row[name] ?? string.Empty),
        .. _resultColumns.Select(name => Cell(answer.Result?[name])),
        answer.Error?.Message ?? string.Empty,
    ]);

    public override long CompleteLength(Stream stream)
    {
        // A line ends at a line feed outside of quotation marks; within a field they are doubled, which changes nothing.
        byte[] buffer = new byte[1 << 16];
        bool isQuoted = false;
        long complete = 0;
        long position = 0;
        int read;
        while ((read = stream.Read(buffer)) > 0)
        {
            for (int i = 0; i < read; i++)
            {
                isQuoted ^= buffer[i] == '"';
                if (buffer[i] == '\n' && !isQuoted)
                    complete = position + i + 1;
            }

            position += read;
        }

        return complete;
    }

    public override IEnumerable<(long Index, bool IsError)> ReadBack(Stream stream) => CsvText.Read(stream, "the output", leaveOpen: true).Skip(1)
        .Select(record => (IsWhole(record) && long.TryParse(record[0], NumberStyles.None, CultureInfo.InvariantCulture, out long index) ? index : -1, record[^1].Length > 0));

    public override IEnumerable<JsonObject> ReadResults(Stream stream)
    {
        int image = 1 + _inputColumns.TakeWhile(name => name != _imageColumn).Count();
        foreach (string[] record in CsvText.Read(stream, "the output", leaveOpen: true).Skip(1).Where(record => IsWhole(record) && record[^1].Length == 0))
        {
            var result = new JsonObject { ["image"] = record[image] };
            foreach ((int index, string name) in _resultColumns.Index())
                result[name] = Value(record[1 + _inputColumns.Count + index]);
            yield return result;
        }
    }

    // The row's number before, the error behind.
    private bool IsWhole(string[] record) => record.Length == _inputColumns.Count + _resultColumns.Count + 2;

    private static string Unused(string name, HashSet<string> used)
    {
        string unused = name;
        for (int number = 2; !used.Add(unused); number++)
            unused = $"{name}_{number}";
        return unused;
    }

    // What Cell wrote: text as it is, everything else as JSON. A text that reads as JSON is not told apart, so only lists and numbers are for use.
    private static JsonNode? Value(string cell)
    {
        if (cell.Length == 0)
            return new JsonArray();
        try
        {
            return JsonNode.Parse(cell);
        }
        catch (JsonException)
        {
            return JsonValue.Create(cell);
        }
    }

    private static string Cell(JsonNode? value) => value switch
    {
        null or JsonArray { Count: 0 } => string.Empty,
        JsonValue scalar when scalar.GetValueKind() == JsonValueKind.String => scalar.GetValue<string>(),
        _ => ResultJson.Serialize(value),
    };
}
