using System.Text.RegularExpressions;

namespace PaliSharp.Server.OpenAI;

/// <summary>The words that prompts of the mix models begin with.</summary>
internal static partial class TaskWords
{
    /// <summary>Some of them, for messages.</summary>
    public const string Examples = "'answer en', 'caption en', 'describe en', 'ocr', 'detect' or 'segment'";

    /// <summary>Whether a text is such words and nothing else.</summary>
    public static bool IsTask(string text) => Pattern().IsMatch(text);

    [GeneratedRegex(@"^(?:(?:answer|caption|cap|describe|question)(?: [a-z]{2,3}(?:-[A-Za-z]{2,4})?)|ocr|detect|segment)$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Pattern();
}
