using System.CommandLine;
using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp ask</c>: a question about a picture.</summary>
internal static class AskCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string[]> pictures = PictureArgument.Create();
        Option<string?> question = new("--question", "-q")
        {
            Description = "The question. Without this option the last argument is the question, unless it names a picture.",
            HelpName = "TEXT",
        };
        Option<string> language = PictureArgument.Language();
        var options = new AnswerOptions(defaultTokens: 128);
        var verb = new Verb(
            "ask",
            "Answers a question about pictures.",
            "palisharp ask photo.jpg \"what colour is the ring?\"",
            "palisharp ask 'photos/*.jpg' -q \"how many people are there?\" --json")
        {
            pictures,
            question,
            language,
        };
        options.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            (string[] images, string text) = Split(parsed.GetRequiredValue(pictures), parsed.GetValue(question));
            string prompt = PictureArgument.Prompt(() => TaskPrompts.Answer(text, parsed.GetRequiredValue(language)));
            var request = new TextRequest(prompt, PictureFinder.Find(images), options.Read(parsed, host));
            return new TextVerb(host, request).RunAsync(cancellationToken);
        });
        return verb;
    }

    private static (string[] Pictures, string Question) Split(string[] arguments, string? question)
    {
        if (question is not null)
            return (arguments, question);
        return arguments.Length > 1 && !PictureFinder.IsPicture(arguments[^1])
            ? (arguments[..^1], arguments[^1])
            : throw new UsageException("There is no question. Give it after the pictures or with --question.");
    }
}
