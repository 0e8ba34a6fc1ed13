using System.CommandLine;
using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp detect</c>: boxes around things.</summary>
internal static class DetectCommand
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
            Description = "Draw the boxes into this PNG file; for several pictures a folder, or a name with {name} in it.",
            HelpName = "FILE",
        };
        var detection = new DetectionChoice();
        var options = new AnswerOptions(defaultTokens: 256);
        var verb = new Verb(
            "detect",
            "Finds things in pictures and gives their boxes in pixels.",
            "palisharp detect yard.jpg cat dog --draw out.png",
            "palisharp detect 'photos/*.jpg' \"red car\" --json",
            "palisharp detect photos/ person --draw boxes/{name}.png",
            "palisharp detect --image yard.jpg --thing cat --thing dog")
        {
            arguments,
            images,
            things,
            draw,
        };
        detection.AddTo(verb);
        options.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            DetectArguments named = DetectArguments.Split(
                parsed.GetValue(arguments) ?? [], parsed.GetValue(images) ?? [], parsed.GetValue(things) ?? []);
            _ = PictureArgument.Prompt(() => TaskPrompts.Detect(named.Things));
            IReadOnlyList<PictureInput> pictures = PictureFinder.Find(named.Pictures);
            DrawTarget? target = parsed.GetValue(draw) is { } path ? DrawTarget.Plan(path, pictures) : null;
            var request = new DetectRequest(named.Things, pictures, options.Read(parsed, host), detection.Read(parsed), target);
            if (request.Choice.Generation.Beam is not null && request.Detection.StopAtRepeatedBoxes)
                throw new UsageException("--stop-repeats cannot be combined with --beams.");
            return new DetectVerb(host, request).RunAsync(cancellationToken);
        });
        return verb;
    }
}
