using System.CommandLine;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Options;

/// <summary>How things are detected.</summary>
internal sealed class DetectionChoice
{
    private readonly Option<bool> _demo = new("--public-demo-grid") { Description = "Read location tokens as n/1024 of the side, as public demos do, instead of n/1023." };

    private readonly Option<bool> _constrain = new("--constrain") { Description = "Hold the model to the grammar of detection, with the things as labels." };

    private readonly Option<bool> _apart = new("--one-by-one") { Description = "Ask for each thing with a prompt of its own." };

    private readonly Option<double?> _maxOverlap = new Option<double?>("--max-overlap")
    {
        Description = "Leave out boxes that overlap a surer one of the same label by more than this intersection over union.",
        HelpName = "IOU",
    }.Between(0.0, 1.0);

    private readonly Option<bool> _across = new("--across-labels") { Description = "With --max-overlap: compare boxes of different labels, too." };

    private readonly Option<bool> _snap = new("--snap-labels") { Description = "Replace each label by the nearest of the things." };

    private readonly Option<bool> _stop = new("--stop-repeats") { Description = "End an answer that writes the same box for the third time." };

    private readonly Option<int?> _tile = new Option<int?>("--tile")
    {
        Description = "Cut large pictures into overlapping tiles of so many pixels and join what is found in them, so that small things are seen.",
        HelpName = "PIXELS",
    }.Between(16, 65_536);

    private readonly Option<double?> _tileOverlap = new Option<double?>("--tile-overlap")
    {
        Description = "The share of a tile that its neighbour covers, too. Default: 0.25.",
        HelpName = "SHARE",
    }.Between(0.0, 0.9);

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_demo, _constrain, _apart, _maxOverlap, _across, _snap, _stop, _tile, _tileOverlap])
            command.Add(option);
    }

    /// <summary>Reads what was given.</summary>
    /// <exception cref="UsageException">The options make no sense together.</exception>
    public DetectionOptions Read(ParseResult parsed)
    {
        if (parsed.GetValue(_across) && parsed.GetValue(_maxOverlap) is null)
            throw new UsageException("--across-labels needs --max-overlap.");
        return new DetectionOptions
        {
            Convention = parsed.GetValue(_demo) ? LocationConvention.PublicDemo : LocationConvention.Training,
            Constrain = parsed.GetValue(_constrain),
            OnePromptPerPhrase = parsed.GetValue(_apart),
            MaxOverlap = parsed.GetValue(_maxOverlap),
            AcrossLabels = parsed.GetValue(_across),
            SnapLabels = parsed.GetValue(_snap),
            StopAtRepeatedBoxes = parsed.GetValue(_stop),
            Tiling = ReadTiling(parsed),
        };
    }

    private TilingOptions? ReadTiling(ParseResult parsed)
    {
        double? overlap = parsed.GetValue(_tileOverlap);
        if (parsed.GetValue(_tile) is not { } size)
            return overlap is null ? null : throw new UsageException("--tile-overlap needs --tile.");
        var tiling = new TilingOptions { TileSize = size };
        return overlap is { } share ? tiling with { Overlap = share } : tiling;
    }
}
