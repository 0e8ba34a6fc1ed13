using PaliSharp.Tasks;
using Spectre.Console;

namespace PaliSharp.Cli.Output;

/// <summary>An object as a row for people.</summary>
/// <param name="Label">What it is.</param>
/// <param name="Score">How sure the model is.</param>
/// <param name="Box">Where.</param>
/// <param name="MaskPixels">The pixels of its mask; null without one.</param>
internal sealed record ObjectRow(string Label, float Score, BoundingBox Box, int? MaskPixels = null);

/// <summary>Shows objects to people.</summary>
internal static class ObjectTable
{
    /// <summary>Writes a table of what was found.</summary>
    /// <param name="host">Where to write.</param>
    /// <param name="title">The picture.</param>
    /// <param name="rows">What was found.</param>
    public static void Write(CliHost host, string title, IReadOnlyList<ObjectRow> rows)
    {
        IAnsiConsole console = host.OutputConsole();
        if (rows.Count == 0)
        {
            console.WriteLine($"{TerminalText.Clean(title)}: nothing found");
            return;
        }

        console.WriteLine(TerminalText.Clean(title));
        bool hasMasks = rows[0].MaskPixels is not null;
        Spectre.Console.Table table = ConsoleTable.Create(host, ["label"], ["score", "left", "top", "right", "bottom", .. hasMasks ? (string[])["mask pixels"] : []]);
        foreach (ObjectRow row in rows)
        {
            List<Text> cells =
            [
                new(TerminalText.Clean(row.Label)),
                Number(row.Score, "0.000"),
                Number(row.Box.X1, "0.0"),
                Number(row.Box.Y1, "0.0"),
                Number(row.Box.X2, "0.0"),
                Number(row.Box.Y2, "0.0"),
            ];
            if (row.MaskPixels is { } pixels)
                cells.Add(new Text(pixels.ToString()));
            table.AddRow(cells);
        }

        console.Write(table);
    }

    private static Text Number(float value, string format) => new(value.ToString(format));
}

/// <summary>Tables as all verbs show them.</summary>
internal static class ConsoleTable
{
    /// <summary>A table without rows.</summary>
    /// <param name="host">Where it will be written.</param>
    /// <param name="texts">The columns of text, which come first.</param>
    /// <param name="numbers">The columns of numbers.</param>
    public static Spectre.Console.Table Create(CliHost host, IEnumerable<string> texts, IEnumerable<string> numbers)
    {
        var table = new Spectre.Console.Table { Border = host.IsOutputInteractive ? TableBorder.Rounded : TableBorder.Ascii };
        foreach (string column in texts)
            table.AddColumn(column);
        foreach (string column in numbers)
            table.AddColumn(new TableColumn(column).RightAligned());
        return table;
    }
}
