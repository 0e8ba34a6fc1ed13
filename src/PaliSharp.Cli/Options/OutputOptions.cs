using System.CommandLine;

namespace PaliSharp.Cli.Options;

/// <summary>How results are shown.</summary>
internal sealed class OutputOptions
{
    private readonly Option<bool> _json = new("--json") { Description = "Write one JSON object a line and nothing else to standard output." };

    private readonly Option<bool> _quiet = new("--quiet") { Description = "No notices, no progress; errors only." };

    private readonly Option<bool> _timings = new("--timings") { Description = "Tell where the time of each answer went." };

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(_json);
        command.Add(_quiet);
    }

    /// <summary>Adds the option for times, to a verb whose results have them.</summary>
    public void AddTimingsTo(Command command) => command.Add(_timings);

    /// <summary>Reads what was given.</summary>
    public OutputChoice Read(ParseResult parsed) => new(parsed.GetValue(_json), parsed.GetValue(_quiet)) { Timings = parsed.GetValue(_timings) };
}

/// <summary>How results are shown.</summary>
/// <param name="Json">One JSON object a line.</param>
/// <param name="Quiet">No notices and no progress.</param>
internal sealed record OutputChoice(bool Json, bool Quiet)
{
    /// <summary>Whether times are told.</summary>
    public bool Timings { get; init; }
}
