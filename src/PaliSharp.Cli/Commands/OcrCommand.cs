using System.CommandLine;
using PaliSharp.Cli.Options;
using PaliSharp.Generation;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp ocr</c>: the text in a picture.</summary>
internal static class OcrCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Option<bool> unguarded = new("--no-repetition-guard") { Description = "Let a text that repeats itself run on to the limit on tokens." };
        var verb = new Verb(
            "ocr",
            "Reads the text in pictures, from the top left to the bottom right.",
            "palisharp ocr sign.jpg",
            "palisharp ocr scans/ --json > text.jsonl",
            "curl -s https://example.com/sign.jpg | palisharp ocr -")
        {
            unguarded,
        };
        return PromptCommand.Finish<OcrResult>(
            verb,
            host,
            defaultTokens: 512,
            (parsed, choice) =>
            {
                bool isGuarded = !parsed.GetValue(unguarded) && choice.Generation.Beam is null;
                GenerationOptions options = isGuarded ? choice.Generation with { StopOnRepetition = new RepetitionGuard() } : choice.Generation;
                return new OcrTask { GuardRepetition = isGuarded, Options = options };
            },
            _ => TaskPrompts.ReadText());
    }
}
