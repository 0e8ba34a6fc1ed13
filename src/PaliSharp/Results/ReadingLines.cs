using System.Text.Json;
using System.Text.Json.Serialization;
using PaliSharp.Imaging;
using PaliSharp.Tasks;

namespace PaliSharp.Results;

/// <summary>The text of a picture in JSON.</summary>
public sealed record OcrLine : TextLine
{
    private OcrLine(TextLine answer)
        : base(answer)
    {
    }

    /// <summary>The text line by line.</summary>
    [JsonPropertyOrder(1)]
    public required IReadOnlyList<string> Lines { get; init; }

    /// <summary>Describes a result.</summary>
    /// <param name="image">The picture's name.</param>
    /// <param name="result">The result.</param>
    /// <exception cref="ArgumentNullException">There is no result.</exception>
    public static OcrLine Of(string image, OcrResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new OcrLine(TextLine.Of(image, null, result)) { Lines = result.Lines };
    }
}

/// <summary>The caption of a region in JSON.</summary>
public sealed record RegionLine : TextLine
{
    private RegionLine(TextLine answer)
        : base(answer)
    {
    }

    /// <summary>The width of the oriented original in pixels.</summary>
    [JsonPropertyOrder(1)]
    public required int Width { get; init; }

    /// <summary>Its height.</summary>
    [JsonPropertyOrder(1)]
    public required int Height { get; init; }

    /// <summary>The region: left, top, right, bottom in pixels.</summary>
    [JsonPropertyOrder(1)]
    public required IReadOnlyList<float> Box { get; init; }

    /// <summary>Describes a result.</summary>
    /// <param name="name">The picture's name.</param>
    /// <param name="image">The picture.</param>
    /// <param name="result">The result.</param>
    /// <exception cref="ArgumentNullException">An argument is missing.</exception>
    public static RegionLine Of(string name, Image image, RegionCaptionResult result)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(result);
        return new RegionLine(TextLine.Of(name, null, result)) { Width = image.Width, Height = image.Height, Box = BoxItem.Of(result.Box) };
    }
}

/// <summary>The tables of a picture in JSON.</summary>
public sealed record TableLine : TextLine
{
    private TableLine(TextLine answer)
        : base(answer)
    {
    }

    /// <summary>The tables, in order.</summary>
    [JsonPropertyOrder(1)]
    public required IReadOnlyList<TableItem> Tables { get; init; }

    /// <summary>Describes a result.</summary>
    /// <param name="image">The picture's name.</param>
    /// <param name="result">The result.</param>
    /// <exception cref="ArgumentNullException">There is no result.</exception>
    public static TableLine Of(string image, TableResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new TableLine(TextLine.Of(image, null, result)) { Tables = [.. result.Tables.Select(TableItem.Of)] };
    }
}

/// <summary>A table in JSON.</summary>
/// <param name="Rows">The number of rows.</param>
/// <param name="Columns">The number of columns.</param>
/// <param name="HeaderRows">How many of the rows are the head.</param>
/// <param name="Caption">What stands above it.</param>
/// <param name="Cells">The cells, row by row.</param>
public sealed record TableItem(
    int Rows,
    int Columns,
    int HeaderRows,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Caption,
    IReadOnlyList<TableCellItem> Cells)
{
    internal static TableItem Of(Table table) => new(
        table.RowCount, table.ColumnCount, table.HeaderRowCount, table.Caption, [.. table.Cells.Select(TableCellItem.Of)]);
}

/// <summary>A cell in JSON.</summary>
/// <param name="Row">Its first row, from 0.</param>
/// <param name="Column">Its first column, from 0.</param>
/// <param name="RowSpan">The rows it takes.</param>
/// <param name="ColumnSpan">The columns it takes.</param>
/// <param name="Header">Whether it is a heading.</param>
/// <param name="Text">What it says.</param>
/// <param name="Box">Where it stands, in pixels, where the model told.</param>
public sealed record TableCellItem(
    int Row,
    int Column,
    int RowSpan,
    int ColumnSpan,
    bool Header,
    string Text,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<float>? Box)
{
    internal static TableCellItem Of(TableCell cell) => new(
        cell.Row, cell.Column, cell.RowSpan, cell.ColumnSpan, cell.IsHeader, cell.Text, cell.Box is { } box ? BoxItem.Of(box) : null);
}

/// <summary>JSON the model wrote, in JSON.</summary>
public sealed record JsonValueLine : TextLine
{
    private JsonValueLine(TextLine answer)
        : base(answer)
    {
    }

    /// <summary>The value; null if the text is no JSON.</summary>
    [JsonPropertyOrder(1)]
    public required JsonElement? Value { get; init; }

    /// <summary>Describes a result.</summary>
    /// <param name="image">The picture's name; null for several pictures in one prompt.</param>
    /// <param name="images">The names of the pictures, where one prompt has several; null otherwise.</param>
    /// <param name="result">The result.</param>
    /// <exception cref="ArgumentNullException">There is no result.</exception>
    public static JsonValueLine Of(string? image, IReadOnlyList<string>? images, JsonResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new JsonValueLine(TextLine.Of(image, images, result)) { Value = result.Value };
    }
}

/// <summary>Boxes in JSON.</summary>
internal static class BoxItem
{
    /// <summary>Left, top, right, bottom.</summary>
    public static IReadOnlyList<float> Of(BoundingBox box) => [box.X1, box.Y1, box.X2, box.Y2];
}
