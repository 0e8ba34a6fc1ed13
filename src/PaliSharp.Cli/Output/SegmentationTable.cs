using PaliSharp.Tasks;
using Spectre.Console;

namespace PaliSharp.Cli.Output;

/// <summary>Shows segmented objects to people.</summary>
internal static class SegmentationTable
{
    /// <summary>Writes a table of what was found.</summary>
    /// <param name="host">Where to write.</param>
    /// <param name="name">The picture.</param>
    /// <param name="result">What was found.</param>
    public static void Write(CliHost host, string name, SegmentationResult result)
    {
        IAnsiConsole console = host.OutputConsole();
        string title = $"{TerminalText.Clean(name)} ({result.Width}x{result.Height})";
        if (result.Segments.Count == 0)
        {
            console.WriteLine($"{title}: nothing found");
            return;
        }

        console.WriteLine(title);
        Table table = new Table { Border = host.IsOutputInteractive ? TableBorder.Rounded : TableBorder.Ascii }.AddColumn("label");
        foreach (string column in (string[])["score", "left", "top", "right", "bottom", "mask pixels"])
            table.AddColumn(new TableColumn(column).RightAligned());
        foreach (Segment found in result.Segments)
        {
            table.AddRow(
                new Text(TerminalText.Clean(found.Label)),
                new Text(found.Score.ToString("0.000")),
                new Text(found.Box.X1.ToString("0.0")),
                new Text(found.Box.Y1.ToString("0.0")),
                new Text(found.Box.X2.ToString("0.0")),
                new Text(found.Box.Y2.ToString("0.0")),
                new Text(found.Mask.Area.ToString()));
        }

        console.Write(table);
    }
}
