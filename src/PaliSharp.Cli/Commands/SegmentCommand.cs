using System.CommandLine;
using PaliSharp.Cli.Input;
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
        Argument<string[]> arguments = new Argument<string[]>("IMAGE-OR-THING")
        {
            Description = "Pictures (files, patterns, folders, - for standard input), then what to find in them.",
            Arity = ArgumentArity.ZeroOrMore,
        }.RefusingOptions();
        Option<string[]> images = new("--image", "-i") { Description = "A picture; then every argument is a thing. May be repeated.", HelpName = "IMAGE" };
        Option<string[]> things = new("--thing") { Description = "A thing to find; then every argument is a picture. May be repeated.", HelpName = "TEXT" };
        things.Aliases.Add("--things");
        Option<string?> draw = new("--draw", "-o")
        {
            Description = "Draw masks and boxes into this PNG file; for several pictures a folder, or a name with {name} in it.",
            HelpName = "FILE",
        };
        Option<string?> masks = new("--masks")
        {
            Description = "Write each mask as a PNG file into this folder: white inside, black outside.",
            HelpName = "FOLDER",
        };
        Option<bool> demo = new("--public-demo") { Description = "Read answers as the public demo does: leniently, location tokens as n/1024 of the side." };
        Option<bool> constrain = new("--constrain") { Description = "Hold the model to the grammar of segmentation, with the things as labels." };
        Option<string?> codec = new("--codec")
        {
            Description = "The mask codec, vae-oid.npz or a file of its layout. Default: the one beside the model.",
            HelpName = "FILE",
        };
        var options = new AnswerOptions(defaultTokens: 512);
        var verb = new Verb(
            "segment",
            "Finds things in pictures and gives their boxes and masks.",
            "palisharp segment yard.jpg cat dog --draw out.png",
            "palisharp segment 'photos/*.jpg' \"red car\" --json --masks masks/")
        {
            arguments,
            images,
            things,
            draw,
            masks,
            demo,
            constrain,
            codec,
        };
        options.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            DetectArguments named = DetectArguments.Split(
                parsed.GetValue(arguments) ?? [], parsed.GetValue(images) ?? [], parsed.GetValue(things) ?? [], verb.Name);
            _ = PictureArgument.Prompt(() => TaskPrompts.Segment(named.Things));
            IReadOnlyList<PictureInput> pictures = PictureFinder.Find(named.Pictures);
            AnswerChoice choice = options.Read(parsed, host);
            var segmentation = new SegmentationOptions
            {
                Reading = parsed.GetValue(demo) ? AnswerReading.PublicDemo : AnswerReading.Strict,
                Constrain = parsed.GetValue(constrain),
            };
            var request = new SegmentRequest(
                named.Things, pictures, choice with { Model = choice.Model with { MaskCodec = parsed.GetValue(codec) } }, segmentation)
            {
                Draw = parsed.GetValue(draw) is { } path ? DrawTarget.Plan(path, pictures) : null,
                Masks = parsed.GetValue(masks) is { } folder ? new MaskFolder(folder, pictures) : null,
            };
            return new SegmentVerb(host, request).RunAsync(cancellationToken);
        });
        return verb;
    }
}
