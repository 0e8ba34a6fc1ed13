using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Tasks;

namespace PaliSharp;

/// <content>Detection.</content>
public sealed partial class PaliGemma
{
    // Around a found text: strokes at the edge of a box that is a little too small.
    private const float ReadingMargin = 0.1f;

    /// <summary>Finds things in a picture.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="phrases">What to look for, free descriptions.</param>
    /// <param name="options">How to answer; null for greedy decoding of up to 256 tokens.</param>
    /// <param name="convention">How location tokens map to coordinates.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>Boxes in pixels of the oriented original, with labels and scores.</returns>
    /// <exception cref="PromptException">There is nothing to look for, or the model has no location tokens.</exception>
    public Task<DetectionResult> DetectAsync(
        Image image,
        IReadOnlyList<string> phrases,
        GenerationOptions? options = null,
        LocationConvention convention = LocationConvention.Training,
        CancellationToken cancellationToken = default) =>
        DetectAsync(image, phrases, new DetectionOptions { Convention = convention }, options, cancellationToken);

    /// <summary>Finds things in a picture.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="phrases">What to look for, free descriptions.</param>
    /// <param name="detection">Grammar, de-duplication, tiles and the like.</param>
    /// <param name="options">How to answer; null for greedy decoding of up to 256 tokens.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>Boxes in pixels of the oriented original, with labels and scores.</returns>
    /// <exception cref="PromptException">There is nothing to look for, or the model has no location tokens.</exception>
    /// <exception cref="ArgumentException">An option is out of range, or a grammar of its own is given beside <see cref="DetectionOptions.Constrain"/>.</exception>
    public Task<DetectionResult> DetectAsync(
        Image image,
        IReadOnlyList<string> phrases,
        DetectionOptions detection,
        GenerationOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(detection);
        return RunAsync(image, new DetectionTask(phrases) { Detection = detection, Options = options }, cancellationToken);
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

    /// <summary>Finds the same things in several pictures, computed together.</summary>
    /// <param name="images">The pictures.</param>
    /// <param name="phrases">What to look for, free descriptions.</param>
    /// <param name="detection">Grammar, de-duplication, tiles and the like.</param>
    /// <param name="options">How to answer; null for greedy decoding of up to 256 tokens.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>One result for each picture, in order.</returns>
    /// <exception cref="PromptException">There is nothing to look for, or the model has no location tokens.</exception>
    /// <exception cref="ArgumentException">An option is out of range, or a grammar of its own is given beside <see cref="DetectionOptions.Constrain"/>.</exception>
    public Task<IReadOnlyList<DetectionResult>> DetectBatchAsync(
        IReadOnlyList<Image> images,
        IReadOnlyList<string> phrases,
        DetectionOptions detection,
        GenerationOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(detection);
        return RunBatchAsync(images, new DetectionTask(phrases) { Detection = detection, Options = options }, cancellationToken);
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
        return DetectionReader.Read(ObjectTokens.Of(this), image, answer, convention);
    }

    /// <summary>
    /// Finds text and reads it: with one prompt where the checkpoint writes the words beside the boxes, else box by box, each cut out of the
    /// picture and read with <c>ocr</c>.
    /// </summary>
    /// <param name="image">The picture.</param>
    /// <param name="task">The prompt and the like; null for the defaults.</param>
    /// <param name="readRegions">Whether to read each box; null to do so if all boxes have one name, the last word of the prompt.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <exception cref="PromptException">The model has no location tokens.</exception>
    public async Task<TextDetectionResult> DetectTextAsync(
        Image image, TextDetectionTask? task = null, bool? readRegions = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        task ??= new TextDetectionTask();
        TextDetectionResult found = await RunAsync(image, task, cancellationToken);
        string name = task.Prompt.Split(' ')[^1];
        if (found.Regions.Count == 0 || !(readRegions ?? found.Regions.All(region => region.Text == name)))
            return found;
        IReadOnlyList<OcrResult> texts = await RunBatchAsync([.. found.Regions.Select(region => Tiling.Part(image, region.Box, ReadingMargin))], new OcrTask(), cancellationToken);
        return found with
        {
            Regions = [.. found.Regions.Select((region, i) => region with { Text = texts[i].Text, Score = (float)Math.Sqrt(region.BoxScore * texts[i].Score) })],
            Warnings = [.. found.Warnings, .. texts.SelectMany(text => text.Warnings)],
            Generations = [.. found.Generations, .. texts.SelectMany(text => text.Generations)],
        };
    }
}
