using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Segmentation;

namespace PaliSharp.Tasks;

/// <summary>Finds things in a picture and which pixels belong to them.</summary>
/// <param name="Phrases">What to look for, free descriptions; at least one.</param>
public sealed record SegmentationTask(IReadOnlyList<string> Phrases) : VisionTask<SegmentationResult>
{
    // An object takes some 25 tokens.
    private const int DefaultTokens = 512;

    /// <summary>How the answer is read.</summary>
    public SegmentationOptions Segmentation { get; init; } = new();

    internal override TaskPlan Plan(PaliGemma model, IReadOnlyList<Image> images)
    {
        Image image = Single(images);
        string prompt = TaskPrompts.Segment(Phrases);
        MaskCodec codec = model.MaskCodec; // a missing file is told before the model works
        ObjectTokens tokens = ObjectTokens.Of(model);
        GenerationOptions options = OptionsOr(DefaultTokens);
        if (Segmentation.Constrain)
            options = ObjectConstraint.Add(options, Phrases, hasMasks: true, model);
        return Ask(new GenerationRequest(image, prompt, options), answer =>
        {
            SegmentationResult result = SegmentationReader.Read(tokens, codec, image, answer, Segmentation);
            return options.Constraint is ObjectGrammar grammar
                ? result with { MayBeIncomplete = result.MayBeIncomplete || result.Segments.Count >= grammar.MaxObjects }
                : result;
        });
    }
}

/// <summary>Reads answers to segmentation prompts.</summary>
internal static class SegmentationReader
{
    /// <summary>Reads one answer.</summary>
    public static SegmentationResult Read(ObjectTokens tokens, MaskCodec codec, Image image, GenerationResult answer, SegmentationOptions options)
    {
        var warnings = new List<string>();
        List<Segment> segments = options.Reading == AnswerReading.PublicDemo
            ? LenientSegments.Read(answer, image.Width, image.Height, codec, warnings)
            : new SegmentationParser(tokens, codec).Parse([.. answer.Tokens], image.Width, image.Height, options.Convention, warnings);
        TaskFinish.ReportCut(answer, "objects", warnings);
        return new SegmentationResult
        {
            Segments = segments,
            Width = image.Width,
            Height = image.Height,
            OrientationApplied = DetectionReader.IsTurned(image),
            MayBeIncomplete = answer.FinishReason != FinishReason.Stop,
            Warnings = warnings,
            Generation = answer,
        };
    }
}
