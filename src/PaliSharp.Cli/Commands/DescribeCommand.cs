using System.CommandLine;
using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp describe</c>: a longer description of a picture.</summary>
internal static class DescribeCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string[]> pictures = PictureArgument.Create();
        Option<string> language = PictureArgument.Language();
        var options = new AnswerOptions(defaultTokens: 256);
        var verb = new Verb(
            "describe",
            "Describes pictures at length.",
            "palisharp describe photo.jpg",
            "palisharp describe 'photos/*.jpg' --json",
            "palisharp describe photo.jpg --lang de --model google/paligemma2-3b-mix-448")
        {
            pictures,
            language,
        };
        options.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            string prompt = PictureArgument.Prompt(() => TaskPrompts.Describe(parsed.GetRequiredValue(language)));
            var request = new TextRequest(prompt, PictureFinder.Find(parsed.GetRequiredValue(pictures)), options.Read(parsed, host));
            return new TextVerb(host, request).RunAsync(cancellationToken);
        });
        return verb;
    }
}
