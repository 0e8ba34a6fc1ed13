using System.CommandLine;
using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp match</c>: which picture fits a text, which text fits a picture.</summary>
internal static class MatchCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string[]> pictures = PictureArgument.Create();
        Option<string[]> texts = new("--text", "-t") { Description = "A text. May be repeated.", HelpName = "TEXT" };
        Option<FileInfo?> textFile = new("--text-file") { Description = "A text file with one text a line.", HelpName = "FILE" };
        Option<string?> prompt = new("--prompt", "-p") { Description = "The prompt whose answer a text might be. Default: caption en.", HelpName = "TEXT" };
        Option<int?> top = new Option<int?>("--top") { Description = "Show the best so many only.", HelpName = "N" }.Between(1, int.MaxValue);
        var model = new ModelOptions();
        var output = new OutputOptions();
        var verb = new Verb(
            "match",
            "Ranks pictures for a text, or texts for a picture, by how likely the model finds them together.",
            "palisharp match photos/ --text \"a dog on a beach\" --top 5",
            "palisharp match photo.jpg --text \"a dog\" --text \"a cat\" --json")
        {
            pictures,
            texts,
            textFile,
            prompt,
            top,
        };
        model.AddTo(verb);
        output.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            var options = new MatchOptions();
            if (parsed.GetValue(prompt) is { } given)
                options = options with { Prompt = given };
            var request = new MatchRequest(
                PictureFinder.Find(parsed.GetRequiredValue(pictures)),
                TextLines.Read(parsed.GetValue(texts) ?? [], parsed.GetValue(textFile), "text"),
                options,
                parsed.GetValue(top) ?? int.MaxValue);
            return new MatchVerb(host, model.Read(parsed, host), output.Read(parsed), request).RunAsync(cancellationToken);
        });
        return verb;
    }
}
