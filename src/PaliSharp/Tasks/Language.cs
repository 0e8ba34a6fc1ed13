using System.Collections.Frozen;

namespace PaliSharp.Tasks;

/// <summary>
/// One of the 35 languages of the captions and questions PaliGemma was trained with (COCO-35L). The default value is English. Checkpoints may
/// know more: give such prompts as text of your own.
/// </summary>
public readonly record struct Language
{
    private static readonly FrozenDictionary<string, string> Names = new Dictionary<string, string>
    {
        ["ar"] = "Arabic",
        ["bn"] = "Bengali",
        ["cs"] = "Czech",
        ["da"] = "Danish",
        ["de"] = "German",
        ["el"] = "Greek",
        ["en"] = "English",
        ["es"] = "Spanish",
        ["fa"] = "Persian",
        ["fi"] = "Finnish",
        ["fil"] = "Filipino",
        ["fr"] = "French",
        ["he"] = "Hebrew",
        ["hi"] = "Hindi",
        ["hr"] = "Croatian",
        ["hu"] = "Hungarian",
        ["id"] = "Indonesian",
        ["it"] = "Italian",
        ["ja"] = "Japanese",
        ["ko"] = "Korean",
        ["mi"] = "Maori",
        ["nl"] = "Dutch",
        ["no"] = "Norwegian",
        ["pl"] = "Polish",
        ["pt"] = "Portuguese",
        ["ro"] = "Romanian",
        ["ru"] = "Russian",
        ["sv"] = "Swedish",
        ["sw"] = "Swahili",
        ["te"] = "Telugu",
        ["th"] = "Thai",
        ["tr"] = "Turkish",
        ["uk"] = "Ukrainian",
        ["vi"] = "Vietnamese",
        ["zh"] = "Chinese",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    // Null for English, so that the default value equals English.
    private readonly string? _code;

    private Language(string code) => _code = code == "en" ? null : code;

    /// <summary>All languages, by code.</summary>
    public static IReadOnlyList<Language> All { get; } = [.. Names.Keys.Order(StringComparer.Ordinal).Select(code => new Language(code))];

    /// <summary>English.</summary>
    public static Language English => default;

    /// <summary>The code that prompts use, such as <c>en</c>.</summary>
    public string Code => _code ?? "en";

    /// <summary>The English name.</summary>
    public string Name => Names[Code];

    /// <summary>The language of a code.</summary>
    /// <param name="code">A code such as <c>en</c>, in letters of either case.</param>
    /// <exception cref="PromptException">There is no such language.</exception>
    public static implicit operator Language(string code) => Parse(code);

    /// <summary>The language of a code.</summary>
    /// <param name="code">A code such as <c>en</c>, in letters of either case.</param>
    /// <exception cref="PromptException">There is no such language.</exception>
    public static Language Parse(string code) => TryParse(code, out Language language)
        ? language
        : throw new PromptException(
            $"'{Checkpoints.Problems.Shorten(code ?? string.Empty)}' is not a language code the model was trained with. Use one of {string.Join(' ', All.Select(item => item.Code))}, or give the whole prompt as text.");

    /// <summary>The language of a code, if there is one.</summary>
    /// <param name="code">A code such as <c>en</c>, in letters of either case.</param>
    /// <param name="language">The language; English if there is none.</param>
    public static bool TryParse(string? code, out Language language)
    {
        bool isKnown = code is not null && Names.ContainsKey(code);
        language = isKnown ? new Language(code!.ToLowerInvariant()) : default;
        return isKnown;
    }

    /// <summary>The code.</summary>
    public override string ToString() => Code;
}
