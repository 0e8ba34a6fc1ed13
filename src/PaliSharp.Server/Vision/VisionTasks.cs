using System.Text.Json;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Results;
using PaliSharp.Server.Errors;
using PaliSharp.Server.Hosting;
using PaliSharp.Tasks;

namespace PaliSharp.Server.Vision;

/// <summary>Pictures with the names they have in results.</summary>
/// <param name="Name">The name.</param>
/// <param name="Image">The picture.</param>
internal sealed record NamedPicture(string Name, Image Image);

/// <summary>Does the tasks, by the library's own calls.</summary>
/// <param name="limits">The bounds.</param>
internal sealed class VisionTasks(ServerLimits limits)
{
    private const int CaptionTokens = 128;
    private const int DescriptionTokens = 256;
    private const int OcrTokens = 512;
    private const int DetectionTokens = 256;
    private const int SegmentationTokens = 512;
    private const int MaximumThings = 64;
    private const int MaximumLabels = 1000;
    private const string ClassifyPrompt = "answer en what is in the picture?";
    private const string DefaultLanguage = "en";

    /// <summary>Does a task on pictures, each on its own.</summary>
    /// <param name="task">The task.</param>
    /// <param name="model">The model.</param>
    /// <param name="request">How.</param>
    /// <param name="pictures">The pictures, at least one.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="ApiException">The request makes no sense.</exception>
    public Task<VisionFindings> RunAsync(string task, PaliGemma model, VisionRequest request, IReadOnlyList<NamedPicture> pictures, CancellationToken cancellationToken)
    {
        string language = request.Language ?? DefaultLanguage;
        return task switch
        {
            "caption" => CaptionAsync(model, request, pictures, cancellationToken),
            "ocr" => TextAsync(model, TaskPrompts.ReadText(), Options(OcrTokens), pictures, cancellationToken),
            "ask" => TextAsync(
                model,
                TaskPrompts.Answer(VisionSettings.Needed(request.Question, "question", "\"what color is the ring?\""), language),
                Options(CaptionTokens),
                pictures,
                cancellationToken),
            "run" => TextAsync(model, VisionSettings.Needed(request.Prompt, "prompt", "\"caption en\""), Options(CaptionTokens), pictures, cancellationToken),
            "detect" => DetectAsync(model, request, pictures, cancellationToken),
            "segment" => SegmentAsync(model, request, pictures, cancellationToken),
            "classify" => ClassifyAsync(model, request, pictures, cancellationToken),
            "match" => MatchAsync(model, request, pictures, cancellationToken),
            _ => throw new ArgumentOutOfRangeException(nameof(task), task, "There is no such task."),
        };

        GenerationOptions Options(int defaultTokens) => VisionSettings.Generation(request, defaultTokens, limits);
    }

    private static async Task<VisionFindings> TextAsync(
        PaliGemma model, string prompt, GenerationOptions options, IReadOnlyList<NamedPicture> pictures, CancellationToken cancellationToken)
    {
        GenerationResult[] results = await AllOrNone.RunAsync(
            pictures, (picture, cancellation) => model.GenerateAsync(picture.Image, prompt, options, cancellation), cancellationToken);
        return new VisionFindings([.. results.Select((result, i) => JsonAnswer.ToElement(TextLine.Of(pictures[i].Name, null, result)))], results, null);
    }

    private static IReadOnlyList<string> Bounded(IReadOnlyList<string> items, int maximum, string param)
    {
        if (items.Count > maximum)
            throw ApiException.InvalidValue(param, $"There are {items.Count} {param}; this server takes {maximum} at most.");
        return items.Any(item => item is null) ? throw ApiException.InvalidValue(param, $"One of the {param} is null.") : items;
    }

    private static IReadOnlyList<Image>? Drawn(VisionRequest request, Func<IEnumerable<Image>> draw) => request.Draw == true ? [.. draw()] : null;

    private Task<VisionFindings> CaptionAsync(PaliGemma model, VisionRequest request, IReadOnlyList<NamedPicture> pictures, CancellationToken cancellationToken)
    {
        string language = request.Language ?? DefaultLanguage;
        (string prompt, int tokens) = request.Length switch
        {
            null or "short" => (TaskPrompts.Caption(language), CaptionTokens),
            "long" => (TaskPrompts.Describe(language), DescriptionTokens),
            var other => throw ApiException.InvalidValue("length", $"There is no length '{Shown.Text(other)}'. Expected short or long."),
        };
        return TextAsync(model, prompt, VisionSettings.Generation(request, tokens, limits), pictures, cancellationToken);
    }

    private async Task<VisionFindings> DetectAsync(PaliGemma model, VisionRequest request, IReadOnlyList<NamedPicture> pictures, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> things = Bounded(VisionSettings.Needed(request.Things, "things", "[\"cat\", \"dog\"]"), MaximumThings, "things");
        GenerationOptions options = VisionSettings.Generation(request, DetectionTokens, limits);
        DetectionOptions detection = VisionSettings.Detection(request);
        DetectionResult[] results = await AllOrNone.RunAsync(
            pictures, (picture, cancellation) => model.DetectAsync(picture.Image, things, detection, options, cancellation), cancellationToken);
        return new VisionFindings(
            [.. results.Select((result, i) => JsonAnswer.ToElement(DetectionLine.Of(pictures[i].Name, result)))],
            [.. results.SelectMany(result => result.Generations)],
            Drawn(request, () => results.Select((result, i) => result.DrawOn(pictures[i].Image))));
    }

    private async Task<VisionFindings> SegmentAsync(PaliGemma model, VisionRequest request, IReadOnlyList<NamedPicture> pictures, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> things = Bounded(VisionSettings.Needed(request.Things, "things", "[\"cat\", \"dog\"]"), MaximumThings, "things");
        GenerationOptions options = VisionSettings.Generation(request, SegmentationTokens, limits);
        SegmentationOptions segmentation = VisionSettings.Segmentation(request);
        SegmentationResult[] results = await AllOrNone.RunAsync(
            pictures, (picture, cancellation) => model.SegmentAsync(picture.Image, things, options, segmentation, cancellation), cancellationToken);
        return new VisionFindings(
            [.. results.Select((result, i) => JsonAnswer.ToElement(SegmentationLine.Of(pictures[i].Name, result, null)))],
            [.. results.Select(result => result.Generation)],
            Drawn(request, () => results.Select((result, i) => result.DrawOn(pictures[i].Image))));
    }

    private static async Task<VisionFindings> ClassifyAsync(PaliGemma model, VisionRequest request, IReadOnlyList<NamedPicture> pictures, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> labels = Bounded(VisionSettings.Needed(request.Labels, "labels", "[\"cat\", \"dog\"]"), MaximumLabels, "labels");
        if (request.Top is < 1)
            throw ApiException.InvalidValue("top", $"top is {request.Top}; expected at least 1.");
        var options = new ClassificationOptions { Scoring = VisionSettings.Scoring(request) };
        ClassificationResult[] results = await AllOrNone.RunAsync(
            pictures, (picture, cancellation) => model.ClassifyAsync(picture.Image, labels, request.Prompt ?? ClassifyPrompt, options, cancellation), cancellationToken);
        return new VisionFindings(Lines(pictures, results, request.Top ?? int.MaxValue), [], null);
    }

    // How much likelier the picture makes each text as its caption: comparable over texts and over pictures.
    private static async Task<VisionFindings> MatchAsync(PaliGemma model, VisionRequest request, IReadOnlyList<NamedPicture> pictures, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> texts = Bounded(VisionSettings.Needed(request.Texts, "texts", "[\"a cat on a sofa\"]"), MaximumLabels, "texts");
        var options = new ClassificationOptions { Scoring = LabelScoring.PriorCorrected };
        ClassificationResult[] results = await AllOrNone.RunAsync(
            pictures, (picture, cancellation) => model.ClassifyAsync(picture.Image, texts, TaskPrompts.Caption(), options, cancellation), cancellationToken);
        return new VisionFindings(Lines(pictures, results, int.MaxValue), [], null) { Rankings = TextRanking.Of(texts, pictures, results) };
    }

    private static JsonElement[] Lines(IReadOnlyList<NamedPicture> pictures, ClassificationResult[] results, int top) =>
        [.. results.Select((result, i) => JsonAnswer.ToElement(ClassificationLine.Of(pictures[i].Name, pictures[i].Image, result, [.. result.Labels.Take(top)])))];
}
