using System.CommandLine;
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
        var objects = new ObjectOptions("boxes");
        var detection = new DetectionChoice();
        var options = new AnswerOptions(defaultTokens: 256, isLive: false);
        var verb = new Verb(
            "detect",
            "Finds things in pictures and gives their boxes in pixels.",
            "palisharp detect yard.jpg cat dog --draw out.png",
            "palisharp detect 'photos/*.jpg' \"red car\" --json",
            "palisharp detect photos/ person --draw boxes/{name}.png --export coco:people.json",
            "palisharp detect harbour.jpg ship --tile 448 --max-overlap 0.5",
            "palisharp detect --image yard.jpg --thing cat --thing dog");
        objects.AddTo(verb);
        detection.AddTo(verb);
        options.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            ObjectChoice named = objects.Read(parsed);
            _ = PictureArgument.Prompt(() => TaskPrompts.Detect(named.Things));
            AnswerChoice choice = options.Read(parsed, host);
            var task = new DetectionTask(named.Things) { Detection = detection.Read(parsed), Options = choice.Generation };
            if (choice.Generation.Beam is not null && task.Detection.StopAtRepeatedBoxes)
                throw new UsageException("--stop-repeats cannot be combined with --beams.");
            var request = new TaskRequest<DetectionResult>(_ => task, named.Pictures, choice);
            return new TaskVerb<DetectionResult>(host, request, new DetectionView(host, choice.Output, named.Things, named.Output)).RunAsync(cancellationToken);
        });
        return verb;
    }
}
