using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;

namespace PaliSharp;

/// <content>Segmentation: boxes and masks.</content>
public sealed partial class PaliGemma
{
    // An object takes some 25 tokens.
    private static readonly GenerationOptions SegmentationDefaults = new() { MaxNewTokens = 512 };

    /// <summary>The codec between <c>&lt;seg&gt;</c> tokens and masks; read when it is asked for first.</summary>
    /// <exception cref="CheckpointException">There is none, see <see cref="PaliGemmaOptions.MaskCodec"/>, or it is malformed.</exception>
    public MaskCodec MaskCodec => _maskCodec.Value;

    /// <summary>Finds things in a picture and which pixels belong to them.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="phrases">What to look for, free descriptions.</param>
    /// <param name="options">How to answer; null for greedy decoding of up to 512 tokens.</param>
    /// <param name="segmentation">How the answer is read; null for the defaults.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>Boxes in pixels and masks of the oriented original, with labels and scores.</returns>
    /// <exception cref="PromptException">There is nothing to look for, or the model has no location tokens.</exception>
    /// <exception cref="CheckpointException">There is no mask codec, see <see cref="PaliGemmaOptions.MaskCodec"/>.</exception>
    public async Task<SegmentationResult> SegmentAsync(
        Image image,
        IReadOnlyList<string> phrases,
        GenerationOptions? options = null,
        SegmentationOptions? segmentation = null,
        CancellationToken cancellationToken = default)
    {
        IReadOnlyList<SegmentationResult> results = await SegmentBatchAsync([image], phrases, options, segmentation, cancellationToken);
        return results[0];
    }

    /// <summary>Finds the same things in several pictures and which pixels belong to them, computed together.</summary>
    /// <param name="images">The pictures.</param>
    /// <param name="phrases">What to look for, free descriptions.</param>
    /// <param name="options">How to answer; null for greedy decoding of up to 512 tokens.</param>
    /// <param name="segmentation">How the answer is read; null for the defaults.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>One result for each picture, in order.</returns>
    /// <exception cref="PromptException">There is nothing to look for, or the model has no location tokens.</exception>
    /// <exception cref="CheckpointException">There is no mask codec, see <see cref="PaliGemmaOptions.MaskCodec"/>.</exception>
    public async Task<IReadOnlyList<SegmentationResult>> SegmentBatchAsync(
        IReadOnlyList<Image> images,
        IReadOnlyList<string> phrases,
        GenerationOptions? options = null,
        SegmentationOptions? segmentation = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        string prompt = TaskPrompts.Segment(phrases);
        _ = MaskCodec; // a missing file is told before the model works
        options ??= SegmentationDefaults;
        if (segmentation?.Constrain == true)
            options = Constrain(options, phrases, hasMasks: true);
        IReadOnlyList<GenerationResult> answers = await GenerateBatchAsync(
            [.. images.Select(image => new GenerationRequest(image, prompt, options))], cancellationToken);
        SegmentationResult[] results = [.. answers.Select((answer, i) => ReadSegments(images[i], answer, segmentation))];
        return options.Constraint is ObjectGrammar grammar
            ? [.. results.Select(result => result with { MayBeIncomplete = result.MayBeIncomplete || result.Segments.Count >= grammar.MaxObjects })]
            : results;
    }

    /// <summary>Reads an answer to a segmentation prompt as boxes and masks.</summary>
    /// <param name="image">The picture the answer is about.</param>
    /// <param name="answer">What the model wrote.</param>
    /// <param name="segmentation">How the answer is read; null for the defaults.</param>
    /// <exception cref="PromptException">The model has no location tokens.</exception>
    /// <exception cref="CheckpointException">There is no mask codec, see <see cref="PaliGemmaOptions.MaskCodec"/>.</exception>
    public SegmentationResult ReadSegments(Image image, GenerationResult answer, SegmentationOptions? segmentation = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(answer);
        segmentation ??= new SegmentationOptions();
        var warnings = new List<string>();
        List<Segment> segments = segmentation.Reading == AnswerReading.PublicDemo
            ? LenientSegments.Read(answer, image.Width, image.Height, MaskCodec, warnings)
            : new SegmentationParser(RequireObjectTokens(), MaskCodec).Parse([.. answer.Tokens], image.Width, image.Height, segmentation.Convention, warnings);
        ReportCut(answer, warnings);
        return new SegmentationResult
        {
            Segments = segments,
            Width = image.Width,
            Height = image.Height,
            OrientationApplied = IsTurned(image),
            MayBeIncomplete = answer.FinishReason != FinishReason.Stop,
            Warnings = warnings,
            Generation = answer,
        };
    }

    private static void ReportCut(GenerationResult answer, List<string> warnings)
    {
        if (answer.FinishReason == FinishReason.StopCondition)
            warnings.Add("The answer repeated itself and was stopped; there may be more objects.");
        if (answer.FinishReason == FinishReason.Length)
            warnings.Add($"The answer was cut at {answer.Tokens.Count} tokens; there may be more objects. Raise the limit on tokens.");
    }

    private static bool IsTurned(Image image) => image.Metadata is { OrientationApplied: true, Orientation: not 1 };

    private ObjectTokens RequireObjectTokens() => new(Tokenizer ?? throw new PromptException(
        $"The checkpoint '{Path}' has no tokenizer, so its answers cannot be read as boxes."));
}
