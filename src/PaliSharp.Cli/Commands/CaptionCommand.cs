using System.CommandLine;
using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp caption</c>: a short sentence about a picture.</summary>
internal static class CaptionCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string[]> pictures = PictureArgument.Create();
        Option<string> language = PictureArgument.Language();
        var options = new AnswerOptions(defaultTokens: 128);
        var verb = new Verb(
            "caption",
            "Describes pictures in one short sentence each.",
            "palisharp caption photo.jpg",
            "palisharp caption 'photos/*.jpg' --json",
            "palisharp caption photo.jpg --lang de --model google/paligemma2-3b-mix-448")
        {
            pictures,
            language,
        };
        options.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            string prompt = PictureArgument.Prompt(() => TaskPrompts.Caption(parsed.GetRequiredValue(language)));
            var request = new TextRequest(prompt, PictureFinder.Find(parsed.GetRequiredValue(pictures)), options.Read(parsed, host));
            return new TextVerb(host, request).RunAsync(cancellationToken);
        });
        return verb;
    }
}
