using System.Text.Json.Nodes;

namespace PaliSharp.Jobs;

/// <summary>How rows become bytes, and how many complete ones a file holds.</summary>
internal abstract class RowFormat
{
    /// <summary>What stands before the first row; may be empty.</summary>
    public abstract ReadOnlyMemory<byte> Header { get; }

    /// <summary>The format that options ask for.</summary>
    /// <param name="format">Which.</param>
    /// <param name="inputColumns">The columns of the input.</param>
    /// <param name="imageColumn">The one that names the picture.</param>
    /// <param name="resultColumns">The properties of results that become columns.</param>
    public static RowFormat Create(BatchFormat format, IReadOnlyList<string> inputColumns, string imageColumn, IReadOnlyList<string> resultColumns) =>
        format == BatchFormat.Csv ? new CsvRows(inputColumns, imageColumn, resultColumns) : new JsonLinesRows();

    /// <summary>Writes a row, line end included.</summary>
    public abstract ReadOnlyMemory<byte> Write(BatchAnswer answer);

    /// <summary>The number of bytes up to the end of the last complete line.</summary>
    /// <param name="stream">The file from its beginning.</param>
    public abstract long CompleteLength(Stream stream);

    /// <summary>Reads complete rows back.</summary>
    /// <param name="stream">The file from its beginning; it stays open.</param>
    /// <returns>For each row its number, −1 if it has none, and whether it holds an error.</returns>
    public abstract IEnumerable<(long Index, bool IsError)> ReadBack(Stream stream);

    /// <summary>Reads the results of complete rows back, without those that failed: <c>image</c> and the properties that are columns, at least.</summary>
    /// <param name="stream">The file from its beginning; it stays open.</param>
    public abstract IEnumerable<JsonObject> ReadResults(Stream stream);
}
