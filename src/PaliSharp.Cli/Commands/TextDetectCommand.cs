using System.CommandLine;
using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp text-detect</c>: text with boxes.</summary>
internal static class TextDetectCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string[]> pictures = PictureArgument.Create();
        Option<string?> prompt = new("--prompt", "-p") { Description = "The text the model sees, as your checkpoint was tuned. Default: detect text.", HelpName = "TEXT" };
        Option<bool?> read = new("--read")
        {
            Description = "Read each box with a prompt of its own: true or false. Default: if all boxes have one name, as then they were not read.",
        };
        var objects = new ObjectOutputOptions("boxes");
        var options = new AnswerOptions(defaultTokens: 1024, isLive: false);
        var verb = new Verb(
            "text-detect",
            "Finds text in pictures and reads it, with a box for each piece.",
            "palisharp text-detect sign.jpg --draw out.png",
            "palisharp text-detect scans/ --json --export jsonl:words.jsonl")
        {
            pictures,
            prompt,
            read,
        };
        objects.AddTo(verb);
        options.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            IReadOnlyList<PictureInput> inputs = PictureFinder.Find(parsed.GetRequiredValue(pictures));
            ObjectOutput output = objects.Read(parsed, inputs);
            AnswerChoice choice = options.Read(parsed, host);
            var task = new TextDetectionTask { Options = choice.Generation };
            if (parsed.GetValue(prompt) is { } text)
                task = task with { Prompt = text };
            bool? isRead = parsed.GetValue(read);
            var request = new TaskRequest<TextDetectionResult>(_ => task, inputs, choice)
            {
                Answer = (model, image, token) => model.DetectTextAsync(image, task, isRead, token),
            };
            return new TaskVerb<TextDetectionResult>(host, request, new TextDetectionView(host, choice.Output, output)).RunAsync(cancellationToken);
        });
        return verb;
    }
}
