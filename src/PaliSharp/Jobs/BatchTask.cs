using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Results;
using PaliSharp.Tasks;

namespace PaliSharp.Jobs;

/// <summary>What a job asks about every picture: a task made of each row, and which parts of its result become columns.</summary>
public sealed class BatchTask
{
    private static readonly string[] TextColumns = ["prompt", "text", "finish_reason", "logprob", "warnings"];
    private static readonly string[] FrameColumns = ["width", "height", "orientation_applied"];

    private readonly Func<BatchRow, VisionTask>? _create;
    private readonly ScoreRow? _score;

    private BatchTask(string name, IReadOnlyList<PromptTemplate> templates, IReadOnlyList<string> columns, Func<BatchRow, VisionTask> create)
        : this(name, templates, columns) => _create = create;

    private BatchTask(string name, IReadOnlyList<PromptTemplate> templates, IReadOnlyList<string> columns, ScoreRow score)
        : this(name, templates, columns) => _score = score;

    private BatchTask(string name, IReadOnlyList<PromptTemplate> templates, IReadOnlyList<string> columns)
    {
        Identity = $"{name} {string.Join(" | ", templates)}".TrimEnd();
        Templates = templates;
        Columns = columns;
    }

    /// <summary>Scores texts that the row gives instead of having the model write one.</summary>
    private delegate Task<ResultLine> ScoreRow(PaliGemma model, BatchRow row, Image image, CancellationToken cancellationToken);

    /// <summary>What is asked, for a job to recognise itself by.</summary>
    internal string Identity { get; init; }

    /// <summary>The templates that rows fill.</summary>
    internal IReadOnlyList<PromptTemplate> Templates { get; }

    /// <summary>The properties of results that become columns of a CSV output.</summary>
    internal IReadOnlyList<string> Columns { get; }

    /// <summary>Whether rows are answered by <see cref="ScoreAsync"/> instead of a task.</summary>
    internal bool IsScored => _score is not null;

    /// <summary>Whether the results are objects, of which exports are made.</summary>
    public bool HasObjects => Columns.Contains("detections") || Columns.Contains("segments") || Columns.Contains("regions");

    /// <summary>Any prompt, answered with text.</summary>
    /// <param name="prompt">The text the model sees.</param>
    /// <param name="options">How to answer; null for greedy decoding.</param>
    public static BatchTask Prompt(PromptTemplate prompt, GenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return new BatchTask("prompt", [prompt], TextColumns, row => new PromptTask(prompt.Fill(row)) { Options = options });
    }

    /// <summary>Captions.</summary>
    /// <param name="language">The language code.</param>
    /// <param name="length">How long they are.</param>
    /// <param name="options">How to answer; null for the task's default.</param>
    public static BatchTask Caption(PromptTemplate language, CaptionLength length = CaptionLength.Short, GenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(language);
        return new BatchTask($"caption {length}", [language], TextColumns, row => new CaptionTask { Language = language.Fill(row).Trim(), Length = length, Options = options });
    }

    /// <summary>Questions about the pictures.</summary>
    /// <param name="question">The question.</param>
    /// <param name="language">The language code of the answer.</param>
    /// <param name="options">How to answer; null for the task's default.</param>
    public static BatchTask Ask(PromptTemplate question, PromptTemplate language, GenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(question);
        ArgumentNullException.ThrowIfNull(language);
        return new BatchTask(
            "ask", [question, language], TextColumns, row => new AnswerTask(question.Fill(row)) { Language = language.Fill(row).Trim(), Options = options });
    }

    /// <summary>The text in the pictures.</summary>
    /// <param name="options">How to answer; null for the task's default.</param>
    public static BatchTask Ocr(GenerationOptions? options = null) => new("ocr", [], [.. TextColumns, "lines"], _ => new OcrTask { Options = options });

    /// <summary>The text in the pictures, with boxes, by one prompt each: what a checkpoint only finds is not read.</summary>
    /// <param name="options">How to answer; null for the task's default.</param>
    public static BatchTask TextDetection(GenerationOptions? options = null) =>
        new("text-detect", [], ["prompt", .. FrameColumns, "regions", "finish_reason", "warnings"], _ => new TextDetectionTask { Options = options });

    /// <summary>Boxes of things.</summary>
    /// <param name="things">What to find, separated by <c>;</c>.</param>
    /// <param name="detection">Grammar, de-duplication and the like; null for the defaults.</param>
    /// <param name="options">How to answer; null for the task's default.</param>
    public static BatchTask Detect(PromptTemplate things, DetectionOptions? detection = null, GenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(things);
        detection ??= new DetectionOptions();
        return new BatchTask(
            $"detect {detection}",
            [things],
            ["prompt", .. FrameColumns, "detections", "finish_reason", "warnings"],
            row => new DetectionTask(Split(things.Fill(row))) { Detection = detection, Options = options });
    }

    /// <summary>Boxes and masks of things.</summary>
    /// <param name="things">What to find, separated by <c>;</c>.</param>
    /// <param name="segmentation">Grammar, and how answers are read; null for the defaults.</param>
    /// <param name="options">How to answer; null for the task's default.</param>
    public static BatchTask Segment(PromptTemplate things, SegmentationOptions? segmentation = null, GenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(things);
        segmentation ??= new SegmentationOptions();
        return new BatchTask(
            $"segment {segmentation}",
            [things],
            ["prompt", .. FrameColumns, "segments", "finish_reason", "warnings"],
            row => new SegmentationTask(Split(things.Fill(row))) { Segmentation = segmentation, Options = options });
    }

    /// <summary>The tables in the pictures.</summary>
    /// <param name="options">How to answer; null for the task's default.</param>
    public static BatchTask Table(GenerationOptions? options = null) => new("table", [], [.. TextColumns, "tables"], _ => new TableTask { Options = options });

    /// <summary>The molecules in the pictures.</summary>
    /// <param name="options">How to answer; null for the task's default.</param>
    public static BatchTask Molecule(GenerationOptions? options = null) =>
        new("smiles", [], [.. TextColumns, "smiles", "valid", "problem"], _ => new MoleculeTask { Options = options });

    /// <summary>The music in the pictures.</summary>
    /// <param name="options">How to answer; null for the task's default.</param>
    public static BatchTask Music(GenerationOptions? options = null) =>
        new("music", [], [.. TextColumns, "spines", "measures", "notes"], _ => new MusicTask { Options = options });

    /// <summary>JSON that a schema describes, about the pictures.</summary>
    /// <param name="prompt">The text the model sees.</param>
    /// <param name="schema">The schema.</param>
    /// <param name="options">How to answer; null for the task's default.</param>
    public static BatchTask Json(PromptTemplate prompt, string schema, GenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(schema);
        return new BatchTask("json", [prompt], [.. TextColumns, "value"], row => new JsonTask(prompt.Fill(row), schema) { Options = options })
        {
            Identity = $"json {prompt} | {schema}",
        };
    }

    /// <summary>Labels ranked by how likely the model finds each as its answer.</summary>
    /// <param name="labels">The labels, separated by <c>;</c>.</param>
    /// <param name="prompt">The text the model sees.</param>
    /// <param name="options">How labels are compared; null for the default.</param>
    public static BatchTask Classify(PromptTemplate labels, PromptTemplate prompt, ClassificationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(prompt);
        options ??= new ClassificationOptions();
        return new BatchTask($"classify {options}", [labels, prompt], ["prompt", "width", "height", "labels"], async (model, row, image, cancellationToken) =>
        {
            ClassificationResult result = await model.ClassifyAsync(image, Split(labels.Fill(row)), prompt.Fill(row), options, cancellationToken);
            return ClassificationLine.Of(row.Image!, image, result, result.Labels);
        });
    }

    /// <summary>How well a text of each row fits its picture.</summary>
    /// <param name="text">The text, such as a caption.</param>
    /// <param name="options">The prompt and what is compared with; null for the defaults.</param>
    public static BatchTask Match(PromptTemplate text, MatchOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        options ??= new MatchOptions();
        return new BatchTask(
            $"match {options.Prompt} {options.Prior}",
            [text],
            ["prompt", "width", "height", "text", "score", "logprob", "prior_logprob"],
            async (model, row, image, cancellationToken) =>
            {
                string wanted = text.Fill(row);
                return MatchLine.Of(row.Image!, image, wanted, options.Prompt, await model.MatchAsync(image, wanted, options, cancellationToken));
            });
    }

    /// <summary>The task of a row.</summary>
    /// <exception cref="PromptException">The row makes none.</exception>
    internal VisionTask Create(BatchRow row) => (_create ?? throw new InvalidOperationException("The rows are scored."))(row);

    /// <summary>The scores of a row.</summary>
    /// <exception cref="PromptException">The row cannot be scored.</exception>
    internal Task<ResultLine> ScoreAsync(PaliGemma model, BatchRow row, Image image, CancellationToken cancellationToken) =>
        (_score ?? throw new InvalidOperationException("The rows have tasks."))(model, row, image, cancellationToken);

    private static string[] Split(string things) => things.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
