namespace PaliSharp.Evaluation;

/// <summary>F-score, precision and recall of a comparison of grids.</summary>
/// <param name="F1">The harmonic mean.</param>
/// <param name="Precision">The similarity found, divided by the predicted slots.</param>
/// <param name="Recall">The same, divided by the right slots.</param>
public readonly record struct GridScore(double F1, double Precision, double Recall);

/// <summary>
/// GriTS: how similar two HTML tables are as grids, by their most similar sub-grids, rows and columns being aligned one after the other. By topology
/// (spans) or by content (text).
/// </summary>
public static class GridSimilarity
{
    private const long MaximumPairs = 100_000_000;

    /// <summary>Compares spans: each slot by where its cell begins and ends relative to it.</summary>
    /// <param name="truth">The right HTML: one table element.</param>
    /// <param name="prediction">The HTML in question.</param>
    /// <returns>Null if a text holds no table, or a grid has slots that no cell covers: the official function is not defined for them.</returns>
    /// <exception cref="ResourceLimitException">The tables are too large to be compared.</exception>
    public static GridScore? Topology(string truth, string prediction) => Compare(truth, prediction, cell => cell.Spans(), SpanOverlap);

    /// <summary>Compares texts: each slot by its cell's text.</summary>
    /// <param name="truth">The right HTML: one table element.</param>
    /// <param name="prediction">The HTML in question.</param>
    /// <returns>Null as for <see cref="Topology"/>.</returns>
    /// <exception cref="ResourceLimitException">The tables are too large to be compared.</exception>
    public static GridScore? Content(string truth, string prediction) => Compare(truth, prediction, cell => cell.Text, SequenceMatching.Similarity);

    private static GridScore? Compare<T>(string truth, string prediction, Func<GridSlot, T> value, Func<T, T, double> similarity)
    {
        if (HtmlGrid.Read(truth) is not { } right || HtmlGrid.Read(prediction) is not { } found)
            return null;
        if (right.LongLength * found.LongLength > MaximumPairs)
            throw new ResourceLimitException($"Tables of {right.LongLength} and {found.LongLength} slots are too large to be compared.");
        T[,] a = Map(right, value);
        T[,] b = Map(found, value);
        (int rowsA, int columnsA, int rowsB, int columnsB) = (a.GetLength(0), a.GetLength(1), b.GetLength(0), b.GetLength(1));
        double[,,,] rewards = new double[rowsA, columnsA, rowsB, columnsB];
        for (int i = 0; i < rowsA; i++)
        {
            for (int j = 0; j < columnsA; j++)
            {
                for (int k = 0; k < rowsB; k++)
                {
                    for (int l = 0; l < columnsB; l++)
                        rewards[i, j, k, l] = similarity(a[i, j], b[k, l]);
                }
            }
        }

        List<(int A, int B)> rows = Align(rowsA, rowsB, (i, k) => Score(columnsA, columnsB, (j, l) => rewards[i, j, k, l]));
        List<(int A, int B)> columns = Align(columnsA, columnsB, (j, l) => Score(rowsA, rowsB, (i, k) => rewards[i, j, k, l]));
        double sum = rows.Sum(row => columns.Sum(column => rewards[row.A, column.A, row.B, column.B]));
        double recall = sum / a.Length;
        double precision = sum / b.Length;
        return new GridScore(precision > 0 && recall > 0 ? 2 * precision * recall / (precision + recall) : 0, precision, recall);
    }

    private static T[,] Map<T>(GridSlot[,] slots, Func<GridSlot, T> value)
    {
        var mapped = new T[slots.GetLength(0), slots.GetLength(1)];
        for (int i = 0; i < mapped.GetLength(0); i++)
        {
            for (int j = 0; j < mapped.GetLength(1); j++)
                mapped[i, j] = value(slots[i, j]);
        }

        return mapped;
    }

    private static double Score(int first, int second, Func<int, int, double> reward) => Table(first, second, reward).Scores[first, second];

    private static (double[,] Scores, double[,] Diagonal) Table(int first, int second, Func<int, int, double> reward)
    {
        double[,] scores = new double[first + 1, second + 1];
        double[,] diagonal = new double[first + 1, second + 1];
        for (int i = 1; i <= first; i++)
        {
            for (int j = 1; j <= second; j++)
            {
                diagonal[i, j] = scores[i - 1, j - 1] + reward(i - 1, j - 1);
                scores[i, j] = Math.Max(diagonal[i, j], Math.Max(scores[i - 1, j], scores[i, j - 1]));
            }
        }

        return (scores, diagonal);
    }

    /// <summary>The pairs of the best alignment. Among equal ones a pair goes before leaving out of the first, and that before leaving out of the second.</summary>
    private static List<(int A, int B)> Align(int first, int second, Func<int, int, double> reward)
    {
        (double[,] scores, double[,] diagonal) = Table(first, second, reward);
        var pairs = new List<(int, int)>();
        int i = first;
        int j = second;
        while (i > 0 && j > 0)
        {
            if (scores[i, j] == diagonal[i, j])
                pairs.Add((--i, --j));
            else if (scores[i, j] == scores[i - 1, j])
                i--;
            else
                j--;
        }

        pairs.Reverse();
        return pairs;
    }

    /// <summary>The shared area of two cells seen from their slots, divided by the smallest box around both.</summary>
    private static double SpanOverlap((int X1, int Y1, int X2, int Y2) a, (int X1, int Y1, int X2, int Y2) b)
    {
        double shared = (double)(Math.Min(a.X2, b.X2) - Math.Max(a.X1, b.X1)) * (Math.Min(a.Y2, b.Y2) - Math.Max(a.Y1, b.Y1));
        double hull = (double)(Math.Max(a.X2, b.X2) - Math.Min(a.X1, b.X1)) * (Math.Max(a.Y2, b.Y2) - Math.Min(a.Y1, b.Y1));
        return shared / hull;
    }
}

/// <summary>A slot of a grid and the cell that covers it.</summary>
/// <param name="Row">The slot's row.</param>
/// <param name="Column">The slot's column.</param>
/// <param name="Cell">The cell.</param>
internal readonly record struct GridSlot(int Row, int Column, HtmlGrid.Cell Cell)
{
    public string Text => Cell.Text;

    /// <summary>The cell's edges relative to the slot.</summary>
    public (int X1, int Y1, int X2, int Y2) Spans() =>
        (Cell.Column - Column, Cell.Row - Row, Cell.Column + Cell.Columns - Column, Cell.Row + Cell.Rows - Row);
}

/// <summary>The grid of an HTML table, by the rules of the official function.</summary>
internal static class HtmlGrid
{
    private const int MaximumSlots = 100_000;

    /// <summary>The slots; null if there is no table, or a slot is covered by no cell.</summary>
    public static GridSlot[,]? Read(string html)
    {
        if (HtmlTree.FirstTable(HtmlTree.Read(html)) is not { } table)
            return null;
        var cells = new List<Cell>();
        var occupied = new Dictionary<int, HashSet<int>>();
        int row = -1;
        long slots = 0;
        foreach (HtmlElement element in table.All())
        {
            if (element.Name == "tr")
                row++;
            if (element.Name is not ("td" or "th") || row < 0)
                continue;
            (int rows, int columns) = (element.Span("rowspan"), element.Span("colspan"));
            slots += (long)rows * columns;
            if (slots > MaximumSlots)
                throw new ResourceLimitException($"A table has more than {MaximumSlots} slots and cannot be compared.");
            int column = FirstFree(occupied, row);
            cells.Add(new Cell(row, column, rows, columns, string.Join(' ', element.Texts())));
            for (int y = row; y < row + rows; y++)
            {
                HashSet<int> taken = Row(occupied, y);
                for (int x = column; x < column + columns; x++)
                    taken.Add(x);
            }
        }

        return Fill(cells);
    }

    private static HashSet<int> Row(Dictionary<int, HashSet<int>> occupied, int row)
    {
        if (!occupied.TryGetValue(row, out HashSet<int>? taken))
            occupied.Add(row, taken = []);
        return taken;
    }

    private static int FirstFree(Dictionary<int, HashSet<int>> occupied, int row)
    {
        HashSet<int> taken = Row(occupied, row);
        int column = 0;
        while (taken.Contains(column))
            column++;
        return column;
    }

    private static GridSlot[,]? Fill(List<Cell> cells)
    {
        if (cells.Count == 0)
            return null;
        int rows = cells.Max(cell => cell.Row + cell.Rows);
        int columns = cells.Max(cell => cell.Column + cell.Columns);
        if ((long)rows * columns > MaximumSlots)
            throw new ResourceLimitException($"A table has more than {MaximumSlots} slots and cannot be compared.");
        var slots = new GridSlot[rows, columns];
        var isFilled = new bool[rows, columns];
        foreach (Cell cell in cells)
        {
            for (int y = cell.Row; y < cell.Row + cell.Rows; y++)
            {
                for (int x = cell.Column; x < cell.Column + cell.Columns; x++)
                    (slots[y, x], isFilled[y, x]) = (new GridSlot(y, x, cell), true);
            }
        }

        foreach (bool filled in isFilled)
        {
            if (!filled)
                return null;
        }

        return slots;
    }

    /// <summary>A cell on the grid.</summary>
    public sealed record Cell(int Row, int Column, int Rows, int Columns, string Text);
}
