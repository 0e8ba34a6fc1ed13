using System.CommandLine;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Options;

/// <summary>What labels are compared by.</summary>
internal sealed class ScoringOption
{
    private readonly Option<string?> _scoring = new("--scoring")
    {
        Description = "Compare labels by the sum of their log-probabilities (default), by the mean a token, or by the sum less that for an empty picture (prior).",
    };

    /// <summary>Creates the option.</summary>
    public ScoringOption() => _scoring.AcceptOnlyFromAmong("sum", "mean", "prior");

    /// <summary>Adds the option to a verb.</summary>
    public void AddTo(Command command) => command.Add(_scoring);

    /// <summary>Whether it was given.</summary>
    public bool IsGiven(ParseResult parsed) => parsed.GetValue(_scoring) is not null;

    /// <summary>Reads what was given.</summary>
    public LabelScoring Read(ParseResult parsed) => parsed.GetValue(_scoring) switch
    {
        "mean" => LabelScoring.Mean,
        "prior" => LabelScoring.PriorCorrected,
        _ => LabelScoring.Sum,
    };
}
