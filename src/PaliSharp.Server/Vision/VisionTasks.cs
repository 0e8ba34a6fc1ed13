using System.Text.Json;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Results;
using PaliSharp.Server.Errors;
using PaliSharp.Server.Hosting;
using PaliSharp.Tasks;
using PaliSharp.Tokenization;

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

    /// <summary>Does a task on pictures, each on its own.</summary>
    /// <param name="task">The task.</param>
    /// <param name="model">The model.</param>
    /// <param name="request">How.</param>
    /// <param name="pictures">The pictures, at least one.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="ApiException">The request makes no sense.</exception>
    public Task<VisionFindings> RunAsync(
        string task, PaliGemma model, VisionRequest request, IReadOnlyList<NamedPicture> pictures, CancellationToken cancellationToken)
    {
        return task switch
        {
            "caption" => Do(Caption(request)),
            "ocr" => Do(new OcrTask { Options = Options(OcrTokens) }),
            "ask" => Do(new AnswerTask(VisionSettings.Needed(request.Question, "question", "\"what color is the ring?\""))
            {
                Language = LanguageOf(request),
                Options = Options(CaptionTokens),
            }),
            "run" => Do(new PromptTask(VisionSettings.Needed(request.Prompt, "prompt", "\"caption en\"")) { Options = Options(CaptionTokens) }),
            "detect" => Do(
                new DetectionTask(Things(request)) { Detection = VisionSettings.Detection(request), Options = Options(DetectionTokens) },
                static (found, image) => found.DrawOn(image)),
            "segment" => Do(
                new SegmentationTask(Things(request)) { Segmentation = VisionSettings.Segmentation(request), Options = Options(SegmentationTokens) },
                static (found, image) => found.DrawOn(image)),
            "classify" => ClassifyAsync(model, request, pictures, cancellationToken),
            "match" => MatchAsync(model, request, pictures, cancellationToken),
            _ => throw new ArgumentOutOfRangeException(nameof(task), task, "There is no such task."),
        };

        GenerationOptions Options(int defaultTokens) => VisionSettings.Generation(request, defaultTokens, limits);

        async Task<VisionFindings> Do<TResult>(VisionTask<TResult> work, Func<TResult, Image, Image>? draw = null)
            where TResult : ITaskResult
        {
            TResult[] results = await AllOrNone.RunAsync(
                pictures, (picture, cancellation) => model.RunAsync(picture.Image, work, cancellation), cancellationToken);
            return new VisionFindings(
                [.. results.Select((result, i) => ToElement(ResultLines.Of(pictures[i].Name, pictures[i].Image, result)))],
                [.. results.SelectMany(result => result.Generations)],
                request.Draw == true && draw is not null ? [.. results.Select((result, i) => draw(result, pictures[i].Image))] : null);
        }
    }

    private static Language LanguageOf(VisionRequest request) => request.Language is { } language ? (Language)language : default;

    private static IReadOnlyList<string> Things(VisionRequest request) =>
        Bounded(VisionSettings.Needed(request.Things, "things", "[\"cat\", \"dog\"]"), MaximumThings, "things");

    private static IReadOnlyList<string> Bounded(IReadOnlyList<string> items, int maximum, string param)
    {
        if (items.Count > maximum)
            throw ApiException.InvalidValue(param, $"There are {items.Count} {param}; this server takes {maximum} at most.");
        return items.Any(item => item is null) ? throw ApiException.InvalidValue(param, $"One of the {param} is null.") : items;
    }

    private static JsonElement ToElement(ResultLine line)
    {
        using JsonDocument document = JsonDocument.Parse(ResultJson.Serialize(line));
        return document.RootElement.Clone();
    }

    private CaptionTask Caption(VisionRequest request)
    {
        (CaptionLength length, int tokens) = request.Length switch
        {
            null or "short" => (CaptionLength.Short, CaptionTokens),
            "long" => (CaptionLength.Long, DescriptionTokens),
            var other => throw ApiException.InvalidValue("length", $"There is no length '{Shown.Text(other)}'. Expected short or long."),
        };
        return new CaptionTask { Length = length, Language = LanguageOf(request), Options = VisionSettings.Generation(request, tokens, limits) };
    }

    private static async Task<VisionFindings> ClassifyAsync(
        PaliGemma model, VisionRequest request, IReadOnlyList<NamedPicture> pictures, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> labels = Bounded(VisionSettings.Needed(request.Labels, "labels", "[\"cat\", \"dog\"]"), MaximumLabels, "labels");
        if (request.Top is < 1)
            throw ApiException.InvalidValue("top", $"top is {request.Top}; expected at least 1.");
        var options = new ClassificationOptions { Scoring = VisionSettings.Scoring(request) };
        ClassificationResult[] results = await AllOrNone.RunAsync(
            pictures,
            (picture, cancellation) => model.ClassifyAsync(picture.Image, labels, request.Prompt ?? ClassifyPrompt, options, cancellation),
            cancellationToken);
        return new VisionFindings(Lines(pictures, results, request.Top ?? int.MaxValue), [], null) { Read = ReadBy(model, results) };
    }

    // Both rankings from one computation: the likelihood of each text with each picture.
    private static async Task<VisionFindings> MatchAsync(
        PaliGemma model, VisionRequest request, IReadOnlyList<NamedPicture> pictures, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> texts = Bounded(VisionSettings.Needed(request.Texts, "texts", "[\"a cat on a sofa\"]"), MaximumLabels, "texts");
        var options = new MatchOptions();
        ClassificationResult[] results = await AllOrNone.RunAsync(
            pictures, (picture, cancellation) => model.RankTextsAsync(picture.Image, texts, options, cancellation), cancellationToken);
        double[][] likelihoods = [.. results.Select(result => result.Labels.OrderBy(label => label.Index).Select(label => label.LogProbability).ToArray())];
        string[] names = [.. pictures.Select(picture => picture.Name)];
        JsonElement[] rankings =
        [
            .. texts.Select((text, i) => ToElement(
                PictureRankingLine.Of(names, text, options.Prompt, PictureMatch.Rank([.. likelihoods.Select(ofPicture => ofPicture[i])])))),
        ];
        return new VisionFindings(Lines(pictures, results, int.MaxValue), [], null) { Rankings = rankings, Read = ReadBy(model, results) };
    }

    private static (int Text, int Image) ReadBy(PaliGemma model, ClassificationResult[] results) =>
        (results.Sum(result => new PromptEncoder(model.Tokenizer!).Encode(result.Prompt).Ids.Length), results.Length * model.Config.ImageTokens);

    private static JsonElement[] Lines(IReadOnlyList<NamedPicture> pictures, ClassificationResult[] results, int top) =>
        [.. results.Select((result, i) => ToElement(ClassificationLine.Of(pictures[i].Name, pictures[i].Image, result, [.. result.Labels.Take(top)])))];
}
