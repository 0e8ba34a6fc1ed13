using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Tasks;

namespace PaliSharp;

/// <content>The tasks of the mix models, typed.</content>
public sealed partial class PaliGemma
{
    /// <summary>Describes a picture in one short sentence.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="language">A language code such as <c>en</c>.</param>
    /// <param name="options">How to answer; null for greedy decoding.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    public Task<GenerationResult> CaptionAsync(
        Image image, string language = "en", GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        GenerateAsync(image, TaskPrompts.Caption(language), options, cancellationToken);

    /// <summary>Describes a picture at length.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="language">A language code such as <c>en</c>.</param>
    /// <param name="options">How to answer; null for greedy decoding of up to 256 tokens.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    public Task<GenerationResult> DescribeAsync(
        Image image, string language = "en", GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        GenerateAsync(image, TaskPrompts.Describe(language), options ?? new GenerationOptions { MaxNewTokens = 256 }, cancellationToken);

    /// <summary>Answers a question about a picture.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="question">The question.</param>
    /// <param name="language">The language code of the answer.</param>
    /// <param name="options">How to answer; null for greedy decoding.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <exception cref="PromptException">The question is empty.</exception>
    public Task<GenerationResult> AnswerAsync(
        Image image, string question, string language = "en", GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        GenerateAsync(image, TaskPrompts.Answer(question, language), options, cancellationToken);

    /// <summary>Reads the text in a picture, from the top left to the bottom right.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="options">How to answer; null for greedy decoding of up to 512 tokens.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    public Task<GenerationResult> ReadTextAsync(Image image, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        GenerateAsync(image, TaskPrompts.ReadText(), options ?? new GenerationOptions { MaxNewTokens = 512 }, cancellationToken);

    /// <summary>Finds things in a picture.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="phrases">What to look for, free descriptions.</param>
    /// <param name="options">How to answer; null for greedy decoding of up to 256 tokens.</param>
    /// <param name="convention">How location tokens map to coordinates.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>Boxes in pixels of the oriented original, with labels and scores.</returns>
    /// <exception cref="PromptException">There is nothing to look for, or the model has no location tokens.</exception>
    public async Task<DetectionResult> DetectAsync(
        Image image,
        IReadOnlyList<string> phrases,
        GenerationOptions? options = null,
        LocationConvention convention = LocationConvention.Training,
        CancellationToken cancellationToken = default)
    {
        IReadOnlyList<DetectionResult> results = await DetectBatchAsync([image], phrases, options, convention, cancellationToken);
        return results[0];
    }

    /// <summary>Finds the same things in several pictures, computed together.</summary>
    /// <param name="images">The pictures.</param>
    /// <param name="phrases">What to look for, free descriptions.</param>
    /// <param name="options">How to answer; null for greedy decoding of up to 256 tokens.</param>
    /// <param name="convention">How location tokens map to coordinates.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>One result for each picture, in order.</returns>
    /// <exception cref="PromptException">There is nothing to look for, or the model has no location tokens.</exception>
    public Task<IReadOnlyList<DetectionResult>> DetectBatchAsync(
        IReadOnlyList<Image> images,
        IReadOnlyList<string> phrases,
        GenerationOptions? options = null,
        LocationConvention convention = LocationConvention.Training,
        CancellationToken cancellationToken = default) =>
        DetectBatchAsync(images, phrases, new DetectionOptions { Convention = convention }, options, cancellationToken);

    /// <summary>Answers the same prompt about several pictures, computed together.</summary>
    /// <param name="images">The pictures.</param>
    /// <param name="prompt">The text the model sees, such as one of <see cref="TaskPrompts"/>.</param>
    /// <param name="options">How to answer; null for greedy decoding.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>One result for each picture, in order.</returns>
    public Task<IReadOnlyList<GenerationResult>> GenerateBatchAsync(
        IReadOnlyList<Image> images, string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        return GenerateBatchAsync([.. images.Select(image => new GenerationRequest(image, prompt, options))], cancellationToken);
    }

    /// <summary>Reads an answer to a detection prompt as boxes.</summary>
    /// <param name="image">The picture the answer is about.</param>
    /// <param name="answer">What the model wrote.</param>
    /// <param name="convention">How location tokens map to coordinates.</param>
    /// <exception cref="PromptException">The model has no location tokens.</exception>
    public DetectionResult ReadDetections(Image image, GenerationResult answer, LocationConvention convention = LocationConvention.Training)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(answer);
        var warnings = new List<string>();
        List<Detection> detections = new DetectionParser(RequireObjectTokens()).Parse([.. answer.Tokens], image.Width, image.Height, convention, warnings);
        ReportCut(answer, warnings);
        return new DetectionResult
        {
            Detections = detections,
            Width = image.Width,
            Height = image.Height,
            OrientationApplied = IsTurned(image),
            MayBeIncomplete = answer.FinishReason != FinishReason.Stop,
            Warnings = warnings,
            Generation = answer,
        };
    }
}
