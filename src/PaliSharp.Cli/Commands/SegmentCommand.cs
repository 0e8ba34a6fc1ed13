using System.CommandLine;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp segment</c>: masks of things.</summary>
internal static class SegmentCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        var objects = new ObjectOptions("masks and boxes");
        Option<string?> masks = new("--masks")
        {
            Description = "Write each mask as a PNG file into this folder: white inside, black outside.",
            HelpName = "FOLDER",
        };
        Option<string?> codec = new("--codec")
        {
            Description = "The mask codec, vae-oid.npz or a file of its layout. Default: the one beside the model.",
            HelpName = "FILE",
        };
        var segmentation = new SegmentationChoice();
        var options = new AnswerOptions(defaultTokens: 512, isLive: false);
        var verb = new Verb(
            "segment",
            "Finds things in pictures and gives their boxes and masks.",
            "palisharp segment yard.jpg cat dog --draw out.png",
            "palisharp segment 'photos/*.jpg' \"red car\" --json --masks masks/",
            "palisharp segment photos/ person --export coco:people.json");
        objects.AddTo(verb);
        verb.Add(masks);
        verb.Add(codec);
        segmentation.AddTo(verb);
        options.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            ObjectChoice named = objects.Read(parsed);
            _ = PictureArgument.Prompt(() => TaskPrompts.Segment(named.Things));
            AnswerChoice choice = options.Read(parsed, host);
            choice = choice with { Model = choice.Model with { MaskCodec = parsed.GetValue(codec) } };
            var task = new SegmentationTask(named.Things) { Segmentation = segmentation.Read(parsed), Options = choice.Generation };
            MaskFolder? folder = parsed.GetValue(masks) is { } path ? new MaskFolder(path, named.Pictures) : null;
            var view = new SegmentationView(host, choice.Output, named.Things, named.Output, folder);
            return new TaskVerb<SegmentationResult>(host, new TaskRequest<SegmentationResult>(_ => task, named.Pictures, choice), view).RunAsync(cancellationToken);
        });
        return verb;
    }
}
