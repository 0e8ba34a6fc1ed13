using System.CommandLine;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Options;

/// <summary>How things are segmented.</summary>
internal sealed class SegmentationChoice
{
    private readonly Option<bool> _demo = new("--public-demo") { Description = "Read answers as the public demo does: leniently, location tokens as n/1024 of the side." };

    private readonly Option<bool> _constrain = new("--constrain") { Description = "Hold the model to the grammar of segmentation, with the things as labels." };

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(_demo);
        command.Add(_constrain);
    }

    /// <summary>Reads what was given.</summary>
    public SegmentationOptions Read(ParseResult parsed) => new()
    {
        Reading = parsed.GetValue(_demo) ? AnswerReading.PublicDemo : AnswerReading.Strict,
        Constrain = parsed.GetValue(_constrain),
    };
}
