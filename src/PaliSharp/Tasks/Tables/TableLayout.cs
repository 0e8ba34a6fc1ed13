namespace PaliSharp.Tasks;

/// <summary>Gives cells their places, as browsers do: each takes the first free column of its row; cells that span rows end with their group.</summary>
internal static class TableLayout
{
    /// <summary>Lays a table out.</summary>
    /// <param name="groups">Its rows as written.</param>
    /// <param name="caption">Its caption.</param>
    /// <param name="warnings">Receives what was cut.</param>
    public static Table Lay(List<RowGroup> groups, string? caption, WarningLog warnings)
    {
        int width = Math.Min(WidestRow(groups), TableParser.MaximumColumns);
        int allowed = width == 0 ? int.MaxValue : TableParser.MaximumSlots / width;
        var cells = new List<TableCell>();
        int firstRow = 0;
        int columns = 0;
        int headerRows = 0;
        foreach (RowGroup group in groups.Where(group => group.Rows.Count > 0))
        {
            int rows = Math.Min(group.Rows.Count, allowed - firstRow);
            if (rows < group.Rows.Count)
                warnings.Add($"The table has more than {TableParser.MaximumSlots} slots; its last {group.Rows.Count - rows} rows were left out.");
            columns = Math.Max(columns, LayGroup(group, firstRow, rows, cells, warnings));
            if (group.IsHead && headerRows == firstRow)
                headerRows += rows;
            firstRow += rows;
        }

        if (headerRows == 0)
            headerRows = LeadingHeaderRows(cells, firstRow);
        return new Table(firstRow, columns, headerRows, cells, caption);
    }

    /// <summary>No row is wider than its own cells and those that reach into it: at most all columns of all rows of its group.</summary>
    private static int WidestRow(List<RowGroup> groups)
    {
        long widest = 0;
        foreach (RowGroup group in groups)
        {
            long spanning = 0;
            foreach (List<RawCell> row in group.Rows)
            {
                long own = row.Sum(cell => (long)cell.ColumnSpan);
                widest = Math.Max(widest, own + spanning);
                spanning += row.Where(cell => cell.RowSpan != 1).Sum(cell => (long)cell.ColumnSpan);
            }
        }

        return (int)Math.Min(widest, TableParser.MaximumColumns);
    }

    /// <summary>Lays the rows of a group out.</summary>
    /// <returns>The number of columns.</returns>
    private static int LayGroup(RowGroup group, int firstRow, int rows, List<TableCell> cells, WarningLog warnings)
    {
        // For each column the row from which on it is free.
        var freeFrom = new int[TableParser.MaximumColumns];
        int columns = 0;
        for (int row = 0; row < rows; row++)
        {
            int column = 0;
            foreach (RawCell cell in group.Rows[row])
            {
                while (column < columns && freeFrom[column] > row)
                    column++;
                int span = Math.Min(cell.ColumnSpan, TableParser.MaximumColumns - column);
                if (span < cell.ColumnSpan)
                    warnings.Add($"A row has more than {TableParser.MaximumColumns} columns; the rest was left out.");
                if (span == 0)
                    break;
                int rowSpan = cell.RowSpan == 0 ? rows - row : Math.Min(cell.RowSpan, rows - row);
                if (rowSpan < cell.RowSpan)
                    warnings.Add($"A cell of row {firstRow + row + 1} spans {cell.RowSpan} rows, but {rows - row} are left.");
                span = FreeColumns(freeFrom, row, column, span, columns, warnings);
                freeFrom.AsSpan(column, span).Fill(row + rowSpan);
                cells.Add(new TableCell(firstRow + row, column, rowSpan, span, cell.Text, cell.IsHeader || group.IsHead) { Box = cell.Box });
                column += span;
                columns = Math.Max(columns, column);
            }
        }

        return columns;
    }

    /// <summary>Cuts a span where a cell from above is in its way.</summary>
    private static int FreeColumns(int[] freeFrom, int row, int column, int span, int columns, WarningLog warnings)
    {
        for (int i = 1; i < span && column + i < columns; i++)
        {
            if (freeFrom[column + i] > row)
            {
                warnings.Add($"A cell spans {span} columns, but another stands in its way after {i}.");
                return i;
            }
        }

        return span;
    }

    private static int LeadingHeaderRows(List<TableCell> cells, int rows)
    {
        var isHeader = new bool[rows];
        Array.Fill(isHeader, true);
        var hasCells = new bool[rows];
        foreach (TableCell cell in cells)
        {
            hasCells[cell.Row] = true;
            isHeader[cell.Row] &= cell.IsHeader;
        }

        int leading = 0;
        while (leading < rows && hasCells[leading] && isHeader[leading])
            leading++;
        return leading;
    }
}
