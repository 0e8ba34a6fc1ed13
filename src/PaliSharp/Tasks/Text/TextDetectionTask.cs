using PaliSharp.Generation;
using PaliSharp.Imaging;

namespace PaliSharp.Tasks;

/// <summary>A piece of text and where it stands.</summary>
/// <param name="Box">Where, in pixels of the oriented original.</param>
/// <param name="Text">What it says; empty if it was not read.</param>
/// <param name="Score">How sure the model was of box and text, 0 to 1: the geometric mean of the probabilities of their tokens.</param>
public sealed record TextRegion(BoundingBox Box, string Text, float Score)
{
    /// <summary>The same over the four location tokens alone.</summary>
    public required float BoxScore { get; init; }
}

/// <summary>The text in a picture, piece by piece.</summary>
public sealed record TextDetectionResult : ITaskResult
{
    /// <summary>The pieces, in the order the model named them.</summary>
    public required IReadOnlyList<TextRegion> Regions { get; init; }

    /// <summary>The width of the oriented original picture in pixels.</summary>
    public required int Width { get; init; }

    /// <summary>The height of the oriented original picture in pixels.</summary>
    public required int Height { get; init; }

    /// <summary>True if the file's orientation turned or mirrored the picture before the model saw it.</summary>
    public required bool OrientationApplied { get; init; }

    /// <inheritdoc/>
    public FinishReason FinishReason => TaskFinish.Worst(Generations);

    /// <inheritdoc/>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <inheritdoc/>
    public required IReadOnlyList<GenerationResult> Generations { get; init; }
}

/// <summary>
/// Finds text, as checkpoints tuned on text detection write it: <c>&lt;loc&gt;×4 words ; …</c>. A checkpoint that only finds text, and names
/// every box the same, can be made to read: see <see cref="PaliGemma.DetectTextAsync"/>.
/// </summary>
public sealed record TextDetectionTask : VisionTask<TextDetectionResult>
{
    /// <summary>
    /// The text the model sees. That of Google's tuned checkpoints was not published: give the one your checkpoint was tuned with.
    /// </summary>
    public string Prompt { get; init; } = "detect text";

    /// <summary>How location tokens map to coordinates.</summary>
    public LocationConvention Convention { get; init; }

    /// <summary>Ends an answer when the same four location tokens come for the third time; on by default.</summary>
    public bool StopAtRepeatedBoxes { get; init; } = true;

    internal override TaskPlan Plan(PaliGemma model, IReadOnlyList<Image> images)
    {
        Image image = Single(images);
        ObjectTokens tokens = ObjectTokens.Of(model);
        GenerationOptions options = OptionsOr(1024);
        if (StopAtRepeatedBoxes && options.Beam is null)
            options = options with { StopWhen = new RepeatedBoxes(tokens).IsEndless };
        return Ask(new GenerationRequest(image, Prompt, options), answer =>
        {
            DetectionResult found = DetectionReader.Read(tokens, image, answer, Convention);
            return new TextDetectionResult
            {
                Regions = [.. found.Detections.Select(item => new TextRegion(item.Box, item.Label, item.Score) { BoxScore = item.BoxScore })],
                Width = found.Width,
                Height = found.Height,
                OrientationApplied = found.OrientationApplied,
                Warnings = found.Warnings,
                Generations = [answer],
            };
        });
    }
}
