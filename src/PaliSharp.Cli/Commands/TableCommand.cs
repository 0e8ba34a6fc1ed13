using System.CommandLine;
using PaliSharp.Cli.Options;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp table</c>: the tables in a picture.</summary>
internal static class TableCommand
{
    private static readonly Dictionary<string, Func<Table, string>> Formats = new(StringComparer.Ordinal)
    {
        ["markdown"] = table => table.ToMarkdown(),
        ["html"] = table => table.ToHtml(),
        ["csv"] = table => table.ToCsv(),
        ["json"] = table => table.ToJson(),
    };

    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Option<string?> format = new("--format", "-f") { Description = "How tables are shown. Default: markdown." };
        format.AcceptOnlyFromAmong([.. Formats.Keys]);
        Option<string?> prompt = new("--prompt", "-p") { Description = "The text the model sees, as your checkpoint was tuned. Default: table.", HelpName = "TEXT" };
        Option<bool> squash = new("--squash") { Description = "Squash the picture to a square instead of putting it on a white one." };
        Option<bool> rowsFirst = new("--y-first") { Description = "Read coordinates of cells as top, left, bottom, right." };
        var verb = new Verb(
            "table",
            "Reads the tables in pictures, with a checkpoint that was tuned on tables.",
            "palisharp table page.png --format csv --model MODEL",
            "palisharp table pages/ --json --model MODEL")
        {
            format,
            prompt,
            squash,
            rowsFirst,
        };
        return TaskCommand.Finish<TableResult>(
            verb,
            host,
            defaultTokens: 4096,
            (parsed, choice) =>
            {
                var task = new TableTask
                {
                    PadToSquare = !parsed.GetValue(squash),
                    Coordinates = parsed.GetValue(rowsFirst) ? CellCoordinates.YFirst : CellCoordinates.XFirst,
                    Options = choice.Generation,
                };
                return parsed.GetValue(prompt) is { } text ? task with { Prompt = text } : task;
            },
            parsed =>
            {
                Func<Table, string> show = Formats[parsed.GetValue(format) ?? "markdown"];
                return result => string.Join('\n', result.Tables.Select(table => show(table).TrimEnd()));
            });
    }
}
