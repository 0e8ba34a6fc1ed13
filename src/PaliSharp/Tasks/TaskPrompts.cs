namespace PaliSharp.Tasks;

/// <summary>The prefixes that switch the mix models between tasks (spec: PaliGemma paper §3.2.5, Google's prompt page).</summary>
public static class TaskPrompts
{
    /// <summary>A short caption: <c>caption en</c>.</summary>
    /// <param name="language">A language code of COCO-35L such as <c>en</c>, <c>de</c>, <c>zh</c>.</param>
    public static string Caption(string language = "en") => $"caption {Language(language)}";

    /// <summary>A longer caption: <c>describe en</c>.</summary>
    /// <param name="language">A language code.</param>
    public static string Describe(string language = "en") => $"describe {Language(language)}";

    /// <summary>All text in the picture, in raster order: <c>ocr</c>.</summary>
    public static string ReadText() => "ocr";

    /// <summary>An answer to a question: <c>answer en where is the cow standing?</c>.</summary>
    /// <param name="question">The question, in any of the trained languages; not empty.</param>
    /// <param name="language">The language code of the answer.</param>
    /// <exception cref="PromptException">The question is empty.</exception>
    public static string Answer(string question, string language = "en") => string.IsNullOrWhiteSpace(question)
        ? throw new PromptException("The question is empty. Ask something, for example 'What is in the picture?'.")
        : $"answer {Language(language)} {question.Trim()}";

    /// <summary>Boxes around things: <c>detect cat ; dog</c>.</summary>
    /// <param name="phrases">What to look for; at least one, none empty or holding ';'.</param>
    /// <exception cref="PromptException">A phrase is missing, empty or holds the separator.</exception>
    public static string Detect(IReadOnlyList<string> phrases) => $"detect {Things(phrases, "detect")}";

    /// <summary>Boxes and masks of things: <c>segment cat ; dog</c>.</summary>
    /// <param name="phrases">What to look for; at least one, none empty or holding ';'.</param>
    /// <exception cref="PromptException">A phrase is missing, empty or holds the separator.</exception>
    public static string Segment(IReadOnlyList<string> phrases) => $"segment {Things(phrases, "segment")}";

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

    private static string Language(string language) =>
        language is { Length: >= 2 and <= 8 } && language.All(c => char.IsAsciiLetter(c) || c == '-')
            ? language
            : throw new PromptException($"'{language}' is not a language code. Use one such as 'en', 'de' or 'zh'.");
}
