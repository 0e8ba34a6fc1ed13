using System.CommandLine;
using PaliSharp.Cli.Options;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp caption</c>: a short sentence about a picture.</summary>
internal static class CaptionCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Option<string> language = PictureArgument.Language();
        var verb = new Verb(
            "caption",
            "Describes pictures in one short sentence each.",
            "palisharp caption photo.jpg",
            "palisharp caption 'photos/*.jpg' --json",
            "palisharp caption photo.jpg --language de --model google/paligemma2-3b-mix-448",
            "palisharp caption clip.gif --frames 16")
        {
            language,
        };
        return PromptCommand.Finish<TextResult>(
            verb,
            host,
            defaultTokens: 128,
            (parsed, choice) => new CaptionTask { Language = parsed.GetRequiredValue(language), Options = choice.Generation },
            parsed => TaskPrompts.Caption(parsed.GetRequiredValue(language)));
    }
}
