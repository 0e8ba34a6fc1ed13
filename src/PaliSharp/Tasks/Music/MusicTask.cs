using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Imaging.Resampling;

namespace PaliSharp.Tasks;

/// <summary>The music of a picture.</summary>
public sealed record MusicResult : TextResult
{
    /// <summary>What was understood of the text.</summary>
    public required KernScore Music { get; init; }
}

/// <summary>Reads printed music, as checkpoints tuned on it write it: <c>**kern</c>.</summary>
public sealed record MusicTask : VisionTask<MusicResult>
{
    /// <summary>
    /// The text the model sees. That of Google's tuned checkpoints was not published: give the one your checkpoint was tuned with.
    /// </summary>
    public string Prompt { get; init; } = "music";

    /// <summary>Puts the picture on a white square instead of squashing it, as these checkpoints were trained; on by default.</summary>
    public bool PadToSquare { get; init; } = true;

    internal override TaskPlan Plan(PaliGemma model, IReadOnlyList<Image> images)
    {
        Image image = Single(images);
        GenerationRequest request = new(PadToSquare ? image.PadToSquare() : image, Prompt, RepeatedText.Stop(OptionsOr(1024)));
        return Ask(request, answer =>
        {
            string kern = TextPlans.WithoutRepetition(answer, model);
            ParsedKern parsed = KernParser.Parse(kern);
            List<string> warnings = [.. parsed.Warnings];
            TaskFinish.ReportCut(answer, "measures", warnings);
            return new MusicResult { Music = parsed.Score, Text = kern, Prompt = Prompt, Warnings = warnings, Generation = answer };
        });
    }
}
