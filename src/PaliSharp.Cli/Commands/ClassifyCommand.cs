using System.CommandLine;
using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp classify</c>: which of some labels fits a picture.</summary>
internal static class ClassifyCommand
{
    /// <summary>The prompt whose answers labels are.</summary>
    public const string DefaultPrompt = "answer en what is in the picture?";

    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string[]> pictures = PictureArgument.Create();
        Option<string[]> labels = new("--label", "-l") { Description = "A label. May be repeated.", HelpName = "TEXT" };
        Option<FileInfo?> labelFile = new("--label-file") { Description = "A text file with one label a line.", HelpName = "FILE" };
        Option<string> prompt = new("--prompt", "-p")
        {
            Description = $"The text the model sees; labels are scored as its answers. Default: {DefaultPrompt}",
            HelpName = "TEXT",
            DefaultValueFactory = _ => DefaultPrompt,
        };
        var scoring = new ScoringOption();
        Option<int?> top = new Option<int?>("--top") { Description = "Show the best so many labels only.", HelpName = "N" }.Between(1, int.MaxValue);
        var model = new ModelOptions();
        var output = new OutputOptions();
        var verb = new Verb(
            "classify",
            "Ranks labels by how likely the model finds each as its answer.",
            "palisharp classify photo.jpg --label cat --label dog",
            "palisharp classify 'photos/*.jpg' --label-file animals.txt -p \"answer en which animal is this?\" --top 5 --json")
        {
            pictures,
            labels,
            labelFile,
            prompt,
            top,
        };
        scoring.AddTo(verb);
        model.AddTo(verb);
        output.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            var request = new ClassifyRequest(
                PictureFinder.Find(parsed.GetRequiredValue(pictures)),
                TextLines.Read(parsed.GetValue(labels) ?? [], parsed.GetValue(labelFile), "label"),
                parsed.GetRequiredValue(prompt),
                scoring.Read(parsed))
            {
                Top = parsed.GetValue(top) ?? int.MaxValue,
            };
            return new ClassifyVerb(host, model.Read(parsed, host), output.Read(parsed), request).RunAsync(cancellationToken);
        });
        return verb;
    }
}
