namespace PaliSharp.Tasks;

/// <summary>A cell of a table.</summary>
/// <param name="Row">Its first row, from 0 on.</param>
/// <param name="Column">Its first column, from 0 on.</param>
/// <param name="RowSpan">How many rows it covers, at least 1.</param>
/// <param name="ColumnSpan">How many columns it covers, at least 1.</param>
/// <param name="Text">Its text: runs of white space are one space, line breaks are newlines.</param>
/// <param name="IsHeader">Whether it is a header: <c>th</c>, or in the head of the table.</param>
public sealed record TableCell(int Row, int Column, int RowSpan, int ColumnSpan, string Text, bool IsHeader)
{
    /// <summary>Where it is, in pixels of the oriented original, if the model said so.</summary>
    public BoundingBox? Box { get; init; }
}

/// <summary>A table: cells on a grid.</summary>
public sealed class Table
{
    private const int Nothing = -1;

    private readonly int[] _grid;

    /// <summary>Puts cells on a grid. Where cells overlap, the later one has the slot.</summary>
    /// <param name="rows">The number of rows.</param>
    /// <param name="columns">The number of columns.</param>
    /// <param name="headerRows">How many of the first rows are the head.</param>
    /// <param name="cells">The cells, inside the grid.</param>
    /// <param name="caption">The caption, if there is one.</param>
    /// <exception cref="ArgumentException">A cell is not inside the grid, or the head has more rows than the table.</exception>
    public Table(int rows, int columns, int headerRows, IReadOnlyList<TableCell> cells, string? caption = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        ArgumentOutOfRangeException.ThrowIfNegative(headerRows);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(headerRows, rows);
        ArgumentNullException.ThrowIfNull(cells);
        (RowCount, ColumnCount, HeaderRowCount, Cells, Caption) = (rows, columns, headerRows, cells, caption);
        _grid = new int[checked(rows * columns)];
        Array.Fill(_grid, Nothing);
        for (int i = 0; i < cells.Count; i++)
        {
            TableCell cell = cells[i];
            if (cell.Row < 0 || cell.Column < 0 || cell.RowSpan < 1 || cell.ColumnSpan < 1 || cell.RowSpan > rows - cell.Row || cell.ColumnSpan > columns - cell.Column)
                throw new ArgumentException($"Cell {i} does not lie in a grid of {rows} rows and {columns} columns.", nameof(cells));
            for (int row = cell.Row; row < cell.Row + cell.RowSpan; row++)
                _grid.AsSpan((row * columns) + cell.Column, cell.ColumnSpan).Fill(i);
        }
    }

    /// <summary>The number of rows.</summary>
    public int RowCount { get; }

    /// <summary>The number of columns.</summary>
    public int ColumnCount { get; }

    /// <summary>How many of the first rows are the head.</summary>
    public int HeaderRowCount { get; }

    /// <summary>The cells, row by row from left to right.</summary>
    public IReadOnlyList<TableCell> Cells { get; }

    /// <summary>The caption; null without one.</summary>
    public string? Caption { get; }

    /// <summary>The cell that covers a slot; null if none does.</summary>
    /// <param name="row">The row, from 0 on.</param>
    /// <param name="column">The column, from 0 on.</param>
    public TableCell? this[int row, int column]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)RowCount, nameof(row));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)column, (uint)ColumnCount, nameof(column));
            int index = _grid[(row * ColumnCount) + column];
            return index == Nothing ? null : Cells[index];
        }
    }

    /// <summary>The text that begins in a slot: that of its cell in the cell's first slot, else empty.</summary>
    internal string TextAt(int row, int column) => this[row, column] is { } cell && cell.Row == row && cell.Column == column ? cell.Text : string.Empty;
}
