namespace PaliSharp.Tasks;

/// <summary>How a multiple-choice question is written, and what its answers look like.</summary>
public enum ChoiceForm
{
    /// <summary>
    /// <c>Question: …\nContext: …\nOptions: (A) x, (B) y\nAnswer:</c>, answered by <c>The answer is A.</c> (ScienceQA).
    /// </summary>
    Letters,

    /// <summary><c>answer en  … choose from: x \t y</c>, answered by the option's text (A-OKVQA, AI2D). Two spaces stand after the language.</summary>
    ChooseFrom,
}

/// <summary>The prefixes that switch the mix models between tasks (spec: PaliGemma paper §3.2.5 and App. B, Google's prompt page).</summary>
public static class TaskPrompts
{
    /// <summary>The most options of a question with lettered answers.</summary>
    public const int MaximumLetters = 26;

    /// <summary>A short caption: <c>caption en</c>.</summary>
    /// <param name="language">The language.</param>
    public static string Caption(Language language = default) => $"caption {language.Code}";

    /// <summary>A raw, alt-text-like caption: <c>cap en</c>; trained in the pre-trained checkpoints.</summary>
    /// <param name="language">The language.</param>
    public static string RawCaption(Language language = default) => $"cap {language.Code}";

    /// <summary>A longer caption: <c>describe en</c>.</summary>
    /// <param name="language">The language.</param>
    public static string Describe(Language language = default) => $"describe {language.Code}";

    /// <summary>A caption of a region: <c>caption &lt;loc0100&gt;&lt;loc0050&gt;&lt;loc0600&gt;&lt;loc0700&gt;</c>.</summary>
    /// <param name="box">The region in pixels of the oriented original; cut to the picture.</param>
    /// <param name="width">The picture's width in pixels.</param>
    /// <param name="height">The picture's height in pixels.</param>
    /// <exception cref="PromptException">No part of the region lies in the picture.</exception>
    public static string RegionCaption(BoundingBox box, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        bool isSeen = box.X1 < box.X2 && box.Y1 < box.Y2 && box.X1 < width && box.Y1 < height && box.X2 > 0 && box.Y2 > 0;
        return isSeen
            ? $"caption {LocationGrid.ToTokens(box, width, height)}"
            : throw new PromptException(
                $"The region ({box.X1}, {box.Y1}) to ({box.X2}, {box.Y2}) covers nothing of a picture of {width}x{height} pixels. Give its left, top, right and bottom in pixels.");
    }

    /// <summary>All text in the picture, in raster order: <c>ocr</c>.</summary>
    public static string ReadText() => "ocr";

    /// <summary>An answer to a question: <c>answer en where is the cow standing?</c>.</summary>
    /// <param name="question">The question, in any of the trained languages; not empty.</param>
    /// <param name="language">The language of the answer.</param>
    /// <exception cref="PromptException">The question is empty.</exception>
    public static string Answer(string question, Language language = default) => $"answer {language.Code} {BareQuestion(question)}";

    /// <summary>The question alone, as checkpoints tuned on charts (ChartQA) and documents (DocVQA) expect it.</summary>
    /// <param name="question">The question; not empty.</param>
    /// <exception cref="PromptException">The question is empty.</exception>
    public static string BareQuestion(string question) => string.IsNullOrWhiteSpace(question)
        ? throw new PromptException("The question is empty. Ask something, for example 'What is in the picture?'.")
        : question.Trim();

    /// <summary>A question to an answer: <c>question en on the beach</c>.</summary>
    /// <param name="answer">The answer, in English; not empty.</param>
    /// <param name="language">The language of the question.</param>
    /// <exception cref="PromptException">The answer is empty.</exception>
    public static string Question(string answer, Language language = default) => string.IsNullOrWhiteSpace(answer)
        ? throw new PromptException("The answer to find a question for is empty. Give one, for example 'on the beach'.")
        : $"question {language.Code} {answer.Trim()}";

    /// <summary>A multiple-choice question.</summary>
    /// <param name="question">The question; not empty.</param>
    /// <param name="options">The answers to choose from: at least two, none empty; at most <see cref="MaximumLetters"/> with <see cref="ChoiceForm.Letters"/>.</param>
    /// <param name="form">How they are written.</param>
    /// <param name="context">A hint that stands before the options, with <see cref="ChoiceForm.Letters"/> only; may be empty.</param>
    /// <param name="language">The language, with <see cref="ChoiceForm.ChooseFrom"/> only.</param>
    /// <exception cref="PromptException">The question or an option is empty, there are too few or too many, or an option holds what separates them.</exception>
    public static string Choice(
        string question, IReadOnlyList<string> options, ChoiceForm form = ChoiceForm.Letters, string? context = null, Language language = default)
    {
        CheckOptions(options, form);
        return form switch
        {
            ChoiceForm.Letters =>
                $"Question: {BareQuestion(question)}\nContext: {context?.Trim()}\nOptions: {string.Join(", ", options.Select((option, i) => $"({(char)('A' + i)}) {option.Trim()}"))}\nAnswer:",
            ChoiceForm.ChooseFrom => $"answer {language.Code}  {BareQuestion(question)} choose from: {string.Join(" \t ", options.Select(option => option.Trim()))}",
            _ => throw new ArgumentOutOfRangeException(nameof(form), form, "There is no such form."),
        };
    }

    /// <summary>What the model writes to choose an option of <see cref="Choice"/>.</summary>
    /// <param name="options">The options.</param>
    /// <param name="index">Which of them.</param>
    /// <param name="form">How the question was written.</param>
    public static string ChoiceAnswer(IReadOnlyList<string> options, int index, ChoiceForm form)
    {
        ArgumentNullException.ThrowIfNull(options);
        return form == ChoiceForm.Letters ? $"The answer is {(char)('A' + index)}." : options[index].Trim();
    }

    /// <summary>Boxes around things: <c>detect cat ; dog</c>.</summary>
    /// <param name="phrases">What to look for; at least one, none empty or holding ';'.</param>
    /// <exception cref="PromptException">A phrase is missing, empty or holds the separator.</exception>
    public static string Detect(IReadOnlyList<string> phrases) => $"detect {Things(phrases, "detect")}";

    /// <summary>Boxes and masks of things: <c>segment cat ; dog</c>.</summary>
    /// <param name="phrases">What to look for; at least one, none empty or holding ';'.</param>
    /// <exception cref="PromptException">A phrase is missing, empty or holds the separator.</exception>
    public static string Segment(IReadOnlyList<string> phrases) => $"segment {Things(phrases, "segment")}";

    private static void CheckOptions(IReadOnlyList<string> options, ChoiceForm form)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Count < 2)
            throw new PromptException($"There are {options.Count} options to choose from. Give at least two.");
        if (form == ChoiceForm.Letters && options.Count > MaximumLetters)
            throw new PromptException($"There are {options.Count} options, but lettered answers end at {MaximumLetters}. Give fewer, or write them as '{nameof(ChoiceForm.ChooseFrom)}'.");
        foreach (string option in options)
        {
            if (string.IsNullOrWhiteSpace(option))
                throw new PromptException("One of the options to choose from is empty. Name it or leave it out.");
            if (option.AsSpan().ContainsAny("\t\n"))
                throw new PromptException($"The option '{option}' holds a tab or a newline, which separate options. Write it in one line.");
        }
    }

    private static string Things(IReadOnlyList<string> phrases, string verb)
    {
        ArgumentNullException.ThrowIfNull(phrases);
        if (phrases.Count == 0)
            throw new PromptException($"There is nothing to {verb}. Name at least one thing, for example 'cat'.");
        foreach (string phrase in phrases)
        {
            if (string.IsNullOrWhiteSpace(phrase))
                throw new PromptException($"One of the things to {verb} is empty. Name it or leave it out.");
            if (phrase.Contains(';', StringComparison.Ordinal))
                throw new PromptException($"'{phrase}' holds ';', which separates things in a prompt. Pass each thing as an item of its own.");
        }

        return string.Join(" ; ", phrases.Select(phrase => phrase.Trim()));
    }
}
