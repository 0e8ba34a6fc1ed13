using PaliSharp.Generation;
using PaliSharp.Imaging;

namespace PaliSharp.Tasks;

/// <summary>How long a caption is.</summary>
public enum CaptionLength
{
    /// <summary>One short sentence: <c>caption en</c>.</summary>
    Short,

    /// <summary>Several sentences: <c>describe en</c>.</summary>
    Long,

    /// <summary>As the texts beside pictures in the web: <c>cap en</c>; for pre-trained checkpoints.</summary>
    Raw,
}

/// <summary>Describes pictures.</summary>
public sealed record CaptionTask : VisionTask<TextResult>
{
    /// <summary>How long the caption is.</summary>
    public CaptionLength Length { get; init; }

    /// <summary>The language of the caption.</summary>
    public Language Language { get; init; }

    internal override TaskPlan Plan(PaliGemma model, IReadOnlyList<Image> images)
    {
        (string prompt, int tokens) = Length switch
        {
            CaptionLength.Short => (TaskPrompts.Caption(Language), 128),
            CaptionLength.Long => (TaskPrompts.Describe(Language), 256),
            CaptionLength.Raw => (TaskPrompts.RawCaption(Language), 128),
            _ => throw new PromptException($"There is no caption length {Length}."),
        };
        return TextPlans.Text(prompt, images, RepeatedText.Stop(OptionsOr(tokens)), model);
    }
}

/// <summary>Describes a region of a picture.</summary>
/// <param name="Box">The region in pixels of the oriented original; cut to the picture.</param>
public sealed record RegionCaptionTask(BoundingBox Box) : VisionTask<RegionCaptionResult>
{
    internal override TaskPlan Plan(PaliGemma model, IReadOnlyList<Image> images)
    {
        Image image = Single(images);
        string prompt = TaskPrompts.RegionCaption(Box, image.Width, image.Height);
        return Ask(new GenerationRequest(image, prompt, OptionsOr(128)), answer => new RegionCaptionResult
        {
            Box = Box,
            Text = answer.Text.Trim(),
            Prompt = prompt,
            Warnings = TextPlans.Warnings(answer),
            Generation = answer,
        });
    }
}

/// <summary>What an answer may be.</summary>
public enum AnswerKind
{
    /// <summary>Any text.</summary>
    Text,

    /// <summary><c>yes</c> or <c>no</c>, by constraint.</summary>
    YesNo,

    /// <summary>A whole number from 0 on, of at most nine digits, by constraint.</summary>
    Count,
}

/// <summary>How a question is put.</summary>
public enum QuestionForm
{
    /// <summary><c>answer en where is the cow?</c>: mix checkpoints and most others, infographics and text in scenes included.</summary>
    Prefixed,

    /// <summary>The question alone: checkpoints tuned on charts (ChartQA) and documents (DocVQA), and free prompts of PaliGemma 2 mix.</summary>
    Bare,
}

/// <summary>Answers a question about pictures, be they photographs, charts, diagrams, documents or screens.</summary>
/// <param name="Question">The question; not empty.</param>
public sealed record AnswerTask(string Question) : VisionTask<AnswerResult>
{
    private const int CountDigits = 9;

    /// <summary>How the question is put.</summary>
    public QuestionForm Form { get; init; }

    /// <summary>The language of the answer, with <see cref="QuestionForm.Prefixed"/> only.</summary>
    public Language Language { get; init; }

    /// <summary>What the answer may be.</summary>
    public AnswerKind Kind { get; init; }

    internal override TaskPlan Plan(PaliGemma model, IReadOnlyList<Image> images)
    {
        string prompt = Form == QuestionForm.Bare ? TaskPrompts.BareQuestion(Question) : TaskPrompts.Answer(Question, Language);
        GenerationOptions options = OptionsOr(128);
        if (Kind != AnswerKind.Text)
        {
            Tokenization.Tokenizer tokenizer = TextPlans.RequireTokenizer(model);
            options = TextPlans.Constrain(options, Kind == AnswerKind.YesNo
                ? TokenConstraints.YesNo(tokenizer)
                : TokenConstraints.Integer(tokenizer, CountDigits, maxTokens: options.MaxNewTokens));
        }

        return Ask(new GenerationRequest(prompt, images, options), answer => new AnswerResult
        {
            Text = answer.Text.Trim(),
            Prompt = prompt,
            Warnings = TextPlans.Warnings(answer),
            Generation = answer,
        });
    }
}

/// <summary>Finds a question to an answer.</summary>
/// <param name="Answer">The answer, in English; not empty.</param>
public sealed record QuestionTask(string Answer) : VisionTask<TextResult>
{
    /// <summary>The language of the question.</summary>
    public Language Language { get; init; }

    internal override TaskPlan Plan(PaliGemma model, IReadOnlyList<Image> images) =>
        TextPlans.Text(TaskPrompts.Question(Answer, Language), images, OptionsOr(128), model);
}

/// <summary>Answers any prompt with text.</summary>
/// <param name="Prompt">The text the model sees, without the newline that ends it.</param>
public sealed record PromptTask(string Prompt) : VisionTask<TextResult>
{
    internal override TaskPlan Plan(PaliGemma model, IReadOnlyList<Image> images) => TextPlans.Text(Prompt, images, OptionsOr(128), model);
}

/// <summary>Reads the text in a picture, from the top left to the bottom right.</summary>
public sealed record OcrTask : VisionTask<OcrResult>
{
    /// <summary>Ends a text that repeats one phrase over and over, and leaves the repetitions out; on by default. The result says so.</summary>
    public bool GuardRepetition { get; init; } = true;

    internal override TaskPlan Plan(PaliGemma model, IReadOnlyList<Image> images)
    {
        GenerationOptions options = OptionsOr(512);
        return Ask(new GenerationRequest(TaskPrompts.ReadText(), images, GuardRepetition ? RepeatedText.Stop(options) : options), answer => new OcrResult
        {
            Text = TextPlans.WithoutRepetition(answer, model),
            Prompt = TaskPrompts.ReadText(),
            Warnings = TextPlans.Warnings(answer),
            Generation = answer,
        });
    }
}

/// <summary>What tasks with text as their result do alike.</summary>
internal static class TextPlans
{
    /// <summary>A prompt whose answer is text.</summary>
    public static TaskPlan Text(string prompt, IReadOnlyList<Image> images, GenerationOptions options, PaliGemma model) =>
        new([new GenerationRequest(prompt, images, options)], answers => new TextResult
        {
            Text = WithoutRepetition(answers[0], model),
            Prompt = prompt,
            Warnings = Warnings(answers[0]),
            Generation = answers[0],
        });

    /// <summary>The text; of what the guard stopped, without the repetitions.</summary>
    public static string WithoutRepetition(GenerationResult answer, PaliGemma model)
    {
        int repeated = answer.FinishReason == FinishReason.Repetition ? RepeatedText.Tail(answer.Tokens) : 0;
        return repeated == 0 || model.Tokenizer is not { } tokenizer
            ? answer.Text.Trim()
            : tokenizer.Decode([.. answer.Tokens.Take(answer.Tokens.Count - repeated).Select(token => token.Id)]).Trim();
    }

    /// <summary>What is to be said about an answer of text.</summary>
    public static IReadOnlyList<string> Warnings(GenerationResult answer)
    {
        var warnings = new List<string>();
        TaskFinish.ReportCut(answer, "text", warnings);
        return warnings;
    }

    /// <summary>Adds a task's grammar.</summary>
    /// <exception cref="ArgumentException">There is one already.</exception>
    public static GenerationOptions Constrain(GenerationOptions options, ITokenConstraint grammar) => options.Constraint is null
        ? options with { Constraint = grammar }
        : throw new ArgumentException("A grammar is given in the options, but the one of the task was asked for, too. Use one of them.", nameof(options));

    /// <summary>The tokenizer.</summary>
    /// <exception cref="PromptException">The checkpoint has none.</exception>
    public static Tokenization.Tokenizer RequireTokenizer(PaliGemma model) =>
        model.Tokenizer ?? throw new PromptException($"The checkpoint '{model.Path}' has no tokenizer, so there is no grammar for its answers.");
}
