using System.CommandLine;
using PaliSharp.Cli.Options;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp describe</c>: several sentences about a picture.</summary>
internal static class DescribeCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Option<string> language = PictureArgument.Language();
        var verb = new Verb(
            "describe",
            "Describes pictures at length.",
            "palisharp describe photo.jpg",
            "palisharp describe photo.jpg --language fr --max-tokens 400")
        {
            language,
        };
        return PromptCommand.Finish<TextResult>(
            verb,
            host,
            defaultTokens: 256,
            (parsed, choice) => new CaptionTask { Length = CaptionLength.Long, Language = parsed.GetRequiredValue(language), Options = choice.Generation },
            parsed => TaskPrompts.Describe(parsed.GetRequiredValue(language)));
    }
}
