using System.Buffers;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace PaliSharp.Tasks;

/// <summary>Writes tables as HTML, CSV, JSON and Markdown.</summary>
public static class TableExport
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The table as HTML: head and body, spans, every text escaped.</summary>
    /// <param name="table">The table.</param>
    public static string ToHtml(this Table table)
    {
        ArgumentNullException.ThrowIfNull(table);
        var html = new StringBuilder("<table>");
        if (table.Caption is { } caption)
            html.Append("<caption>").Append(Escape(caption)).Append("</caption>");
        ILookup<int, TableCell> rows = table.Cells.ToLookup(cell => cell.Row);
        AppendRows(html, "thead", rows, 0, table.HeaderRowCount);
        AppendRows(html, "tbody", rows, table.HeaderRowCount, table.RowCount);
        return html.Append("</table>").ToString();
    }

    /// <summary>The table as comma-separated values (RFC 4180), row by row; a cell's text stands in its first slot, the others are empty.</summary>
    /// <param name="table">The table.</param>
    /// <param name="separator">What separates values.</param>
    public static string ToCsv(this Table table, char separator = ',')
    {
        ArgumentNullException.ThrowIfNull(table);
        var csv = new StringBuilder();
        SearchValues<char> special = SearchValues.Create([separator, '"', '\r', '\n']);
        for (int row = 0; row < table.RowCount; row++)
        {
            for (int column = 0; column < table.ColumnCount; column++)
            {
                if (column > 0)
                    csv.Append(separator);
                string text = table.TextAt(row, column);
                if (text.AsSpan().ContainsAny(special))
                    csv.Append('"').Append(text.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
                else
                    csv.Append(text);
            }

            csv.Append("\r\n");
        }

        return csv.ToString();
    }

    /// <summary>
    /// The table as Markdown with pipes. Markdown has neither spans nor tables without a head: a cell's text stands in its first slot, and the
    /// first row is the head whatever it is.
    /// </summary>
    /// <param name="table">The table.</param>
    public static string ToMarkdown(this Table table)
    {
        ArgumentNullException.ThrowIfNull(table);
        var text = new StringBuilder();
        for (int row = 0; row < table.RowCount && table.ColumnCount > 0; row++)
        {
            for (int column = 0; column < table.ColumnCount; column++)
                text.Append("| ").Append(MarkdownCell(table.TextAt(row, column))).Append(' ');
            text.Append("|\n");
            if (row == 0)
                text.Insert(text.Length, "| --- ", table.ColumnCount).Append("|\n");
        }

        return text.ToString();
    }

    /// <summary>
    /// The table as JSON: <c>rows</c>, <c>columns</c>, <c>header_rows</c>, <c>caption</c> if there is one, and <c>cells</c> with <c>row</c>, <c>column</c>, <c>row_span</c>,
    /// <c>column_span</c>, <c>header</c>, <c>text</c> and, where known, <c>box</c> as [x1, y1, x2, y2] in pixels.
    /// </summary>
    /// <param name="table">The table.</param>
    public static string ToJson(this Table table)
    {
        ArgumentNullException.ThrowIfNull(table);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Indented))
            table.WriteTo(writer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Writes the object of <see cref="ToJson"/>.</summary>
    /// <param name="table">The table.</param>
    /// <param name="writer">Receives it.</param>
    public static void WriteTo(this Table table, Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteNumber("rows", table.RowCount);
        writer.WriteNumber("columns", table.ColumnCount);
        writer.WriteNumber("header_rows", table.HeaderRowCount);
        if (table.Caption is not null)
            writer.WriteString("caption", table.Caption);
        writer.WriteStartArray("cells");
        foreach (TableCell cell in table.Cells)
        {
            writer.WriteStartObject();
            writer.WriteNumber("row", cell.Row);
            writer.WriteNumber("column", cell.Column);
            writer.WriteNumber("row_span", cell.RowSpan);
            writer.WriteNumber("column_span", cell.ColumnSpan);
            writer.WriteBoolean("header", cell.IsHeader);
            writer.WriteString("text", cell.Text);
            if (cell.Box is { } box)
            {
                writer.WriteStartArray("box");
                foreach (float edge in (ReadOnlySpan<float>)[box.X1, box.Y1, box.X2, box.Y2])
                    writer.WriteNumberValue(edge);
                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void AppendRows(StringBuilder html, string group, ILookup<int, TableCell> rows, int from, int to)
    {
        if (from >= to)
            return;
        html.Append('<').Append(group).Append('>');
        for (int row = from; row < to; row++)
        {
            html.Append("<tr>");
            foreach (TableCell cell in rows[row])
            {
                string tag = cell.IsHeader ? "th" : "td";
                html.Append('<').Append(tag);
                if (cell.RowSpan > 1)
                    html.Append($" rowspan=\"{cell.RowSpan}\"");
                if (cell.ColumnSpan > 1)
                    html.Append($" colspan=\"{cell.ColumnSpan}\"");
                html.Append('>').Append(Escape(cell.Text)).Append("</").Append(tag).Append('>');
            }

            html.Append("</tr>");
        }

        html.Append("</").Append(group).Append('>');
    }

    private static string Escape(string text) => WebUtility.HtmlEncode(text).Replace("\n", "<br>", StringComparison.Ordinal);

    private static string MarkdownCell(string text) => text
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("|", "\\|", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace("\n", "<br>", StringComparison.Ordinal);
}
