using System.CommandLine;
using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp ocr</c>: the text in a picture.</summary>
internal static class OcrCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string[]> pictures = PictureArgument.Create();
        var options = new AnswerOptions(defaultTokens: 512);
        var verb = new Verb(
            "ocr",
            "Reads the text in pictures, from the top left to the bottom right.",
            "palisharp ocr sign.jpg",
            "palisharp ocr scans/ --json > text.jsonl",
            "curl -s https://example.com/sign.jpg | palisharp ocr -")
        {
            pictures,
        };
        options.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            var request = new TextRequest(
                TaskPrompts.ReadText(), PictureFinder.Find(parsed.GetRequiredValue(pictures)), options.Read(parsed, host));
            return new TextVerb(host, request).RunAsync(cancellationToken);
        });
        return verb;
    }
}
