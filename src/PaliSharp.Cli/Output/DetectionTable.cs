using PaliSharp.Tasks;
using Spectre.Console;

namespace PaliSharp.Cli.Output;

/// <summary>Shows boxes to people.</summary>
internal static class DetectionTable
{
    /// <summary>Writes a table of what was found.</summary>
    /// <param name="host">Where to write.</param>
    /// <param name="name">The picture.</param>
    /// <param name="result">What was found.</param>
    public static void Write(CliHost host, string name, DetectionResult result)
    {
        IAnsiConsole console = host.OutputConsole();
        string title = $"{TerminalText.Clean(name)} ({result.Width}x{result.Height})";
        if (result.Detections.Count == 0)
        {
            console.WriteLine($"{title}: nothing found");
            return;
        }

        console.WriteLine(title);
        Table table = new Table { Border = host.IsOutputInteractive ? TableBorder.Rounded : TableBorder.Ascii }
            .AddColumn("label")
            .AddColumn(new TableColumn("score").RightAligned())
            .AddColumn(new TableColumn("left").RightAligned())
            .AddColumn(new TableColumn("top").RightAligned())
            .AddColumn(new TableColumn("right").RightAligned())
            .AddColumn(new TableColumn("bottom").RightAligned());
        foreach (Detection found in result.Detections)
        {
            table.AddRow(
                new Text(TerminalText.Clean(found.Label)),
                Number(found.Score, "0.000"),
                Number(found.Box.X1, "0.0"),
                Number(found.Box.Y1, "0.0"),
                Number(found.Box.X2, "0.0"),
                Number(found.Box.Y2, "0.0"));
        }

        console.Write(table);
    }

    private static Text Number(float value, string format) => new(value.ToString(format));
}
