using PaliSharp.Imaging.Text;
using PaliSharp.Tasks;

namespace PaliSharp.Evaluation;

/// <summary>Draws a table of two or three columns and rows, ruled or not, and says it in HTML.</summary>
internal static class TablePage
{
    public static Page Draw(SceneRandom random)
    {
        int columns = 2 + random.Below(2);
        int rows = 2 + random.Below(2);
        (int width, int height) = (110 * columns / 2 * 2, 56 * rows);
        (string Name, byte R, byte G, byte B) background = random.Pick(SceneGenerator.BackgroundValues);
        var painter = new ScenePainter(width, height, (background.R, background.G, background.B));
        (byte R, byte G, byte B) ink = PageGenerator.Ink(background);
        Font font = random.Pick(DrawnFonts.All);
        (int cellWidth, int cellHeight) = (width / columns, height / rows);
        string[][] cells = [.. Enumerable.Range(0, rows).Select(row => Enumerable.Range(0, columns).Select(column => Cell(row, column, random)).ToArray())];
        float size = cellHeight * (float)random.Between(0.5, 0.65);
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                (float fitted, double textWidth, double textHeight) = PageGenerator.Fit(cells[row][column], font, cellWidth * 0.8, size);
                painter.Write(
                    cells[row][column], font, fitted, (column * cellWidth) + ((cellWidth - (int)textWidth) / 2), (row * cellHeight) + ((cellHeight - (int)textHeight) / 2), ink);
            }
        }

        if (random.Share() < 0.7)
            Rule(painter, columns, rows, ink);
        string html = $"<table>{string.Concat(cells.Select(row => $"<tr>{string.Concat(row.Select(cell => $"<td>{cell}</td>"))}</tr>"))}</table>";
        var task = new TableTask();
        return new Page(PageKind.Table, painter.ToImage(), [new PageQuestion(task, task.Prompt, html)]);
    }

    private static string Cell(int row, int column, SceneRandom random)
    {
        const int Longest = 5;
        if (row > 0 && column > 0)
            return $"{random.Below(100)}";
        string word = PageGenerator.Word(random);
        return word.Length > Longest ? word[..Longest] : word;
    }

    private static void Rule(ScenePainter painter, int columns, int rows, (byte R, byte G, byte B) ink)
    {
        for (int column = 0; column <= columns; column++)
            painter.Fill(Math.Min(painter.Width - 1, painter.Width / columns * column), 0, 1, painter.Height, ink);
        for (int row = 0; row <= rows; row++)
            painter.Fill(0, Math.Min(painter.Height - 1, painter.Height / rows * row), painter.Width, 1, ink);
    }
}
