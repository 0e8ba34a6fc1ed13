using PaliSharp.Generation;
using PaliSharp.Imaging;

namespace PaliSharp.Tasks;

/// <summary>The option that was chosen.</summary>
public sealed record ChoiceResult : ITaskResult
{
    /// <summary>The place of the chosen option; null if the answer names none.</summary>
    public required int? Index { get; init; }

    /// <summary>The chosen option; null if the answer names none.</summary>
    public required string? Option { get; init; }

    /// <summary>The text the model saw.</summary>
    public required string Prompt { get; init; }

    /// <summary>All options, the likeliest first, if they were scored (<see cref="PaliGemma.ChooseAsync"/>); otherwise empty.</summary>
    public IReadOnlyList<LabelScore> Scores { get; init; } = [];

    /// <summary>How sure the model was of the option, 0 to 1: its probability among the options where they were scored, else that of the whole answer.</summary>
    public required double Score { get; init; }

    /// <inheritdoc/>
    public FinishReason FinishReason => Generations.Count == 0 ? FinishReason.Stop : TaskFinish.Worst(Generations);

    /// <inheritdoc/>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>What the model wrote; empty where options were scored instead.</summary>
    public required IReadOnlyList<GenerationResult> Generations { get; init; }
}

/// <summary>Answers a multiple-choice question, such as those of ScienceQA, A-OKVQA and AI2D.</summary>
/// <param name="Question">The question; not empty.</param>
/// <param name="Choices">The options: at least two, none empty.</param>
public sealed record ChoiceTask(string Question, IReadOnlyList<string> Choices) : VisionTask<ChoiceResult>
{
    private const string LetterAnswer = "THE ANSWER IS ";

    /// <summary>How question and options are written.</summary>
    public ChoiceForm Form { get; init; }

    /// <summary>A hint that stands before the options, with <see cref="ChoiceForm.Letters"/> only.</summary>
    public string? Context { get; init; }

    /// <summary>The language, with <see cref="ChoiceForm.ChooseFrom"/> only.</summary>
    public Language Language { get; init; }

    /// <summary>Lets the model write nothing but one of the options; on by default.</summary>
    public bool Constrain { get; init; } = true;

    /// <summary>The text the model sees.</summary>
    /// <exception cref="PromptException">The question or an option cannot be written.</exception>
    public string ToPrompt() => TaskPrompts.Choice(Question, Choices, Form, Context, Language);

    /// <summary>What the model writes for each option.</summary>
    public IReadOnlyList<string> ToAnswers() => [.. Choices.Select((_, i) => TaskPrompts.ChoiceAnswer(Choices, i, Form))];

    /// <summary>
    /// The option an answer names: by its letter as Google's evaluator reads it (at the start, in any case), or by its text; null if there is none.
    /// </summary>
    /// <param name="answer">What the model wrote.</param>
    public int? Read(string answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        string text = answer.Trim().ToUpperInvariant();
        if (Form == ChoiceForm.Letters)
        {
            bool isLetter = text.StartsWith(LetterAnswer, StringComparison.Ordinal)
                && text.Length >= LetterAnswer.Length + 2
                && char.IsAsciiLetterUpper(text[LetterAnswer.Length])
                && text[LetterAnswer.Length + 1] == '.';
            int index = isLetter ? text[LetterAnswer.Length] - 'A' : -1;
            return index >= 0 && index < Choices.Count ? index : null;
        }

        for (int i = 0; i < Choices.Count; i++)
        {
            if (Choices[i].Trim().Equals(text, StringComparison.OrdinalIgnoreCase))
                return i;
        }

        return null;
    }

    internal override TaskPlan Plan(PaliGemma model, IReadOnlyList<Image> images)
    {
        string prompt = ToPrompt();
        GenerationOptions options = OptionsOr(128);
        if (Constrain)
            options = TextPlans.Constrain(options, TokenConstraints.OneOf(TextPlans.RequireTokenizer(model), ToAnswers()));
        return Ask(new GenerationRequest(prompt, images, options), answer =>
        {
            var warnings = new List<string>();
            TaskFinish.ReportCut(answer, "text", warnings);
            int? index = Read(answer.Text);
            if (index is null)
                warnings.Add($"The answer '{Checkpoints.Problems.Shorten(answer.Text)}' names none of the options.");
            return new ChoiceResult
            {
                Index = index,
                Option = index is { } chosen ? Choices[chosen] : null,
                Prompt = prompt,
                Score = index is null ? 0 : Math.Exp(answer.LogProbability),
                Warnings = warnings,
                Generations = [answer],
            };
        });
    }
}
