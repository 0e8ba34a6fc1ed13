using System.CommandLine;
using PaliSharp.Checkpoints;

namespace PaliSharp.Cli.Options;

/// <summary>How a model's weights are held.</summary>
internal sealed class WeightsOption
{
    private static readonly Dictionary<string, WeightStorage> Values = new(StringComparer.Ordinal)
    {
        ["auto"] = WeightStorage.Auto,
        ["stored"] = WeightStorage.Stored,
        ["f32"] = WeightStorage.Float32,
        ["bf16"] = WeightStorage.BFloat16,
        ["int8"] = WeightStorage.Int8,
        ["int4"] = WeightStorage.Int4,
    };

    private readonly Option<string?> _weights = new("--weights")
    {
        Description = "How weights are held. Default: auto, which is 8 bits where palisharp quantize made a file of them, else as stored.",
    };

    /// <summary>Creates the option.</summary>
    public WeightsOption() => _weights.AcceptOnlyFromAmong([.. Values.Keys]);

    /// <summary>Adds the option to a verb.</summary>
    public void AddTo(Command command) => command.Add(_weights);

    /// <summary>Reads what was given.</summary>
    public WeightStorage Read(ParseResult parsed) => Values[parsed.GetValue(_weights) ?? "auto"];
}
