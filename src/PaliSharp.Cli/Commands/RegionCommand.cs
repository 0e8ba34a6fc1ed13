using System.CommandLine;
using System.Globalization;
using PaliSharp.Cli.Options;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp region</c>: a caption of a part of a picture.</summary>
internal static class RegionCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Option<string> box = new("--box", "-b")
        {
            Description = "The region in pixels of the oriented picture: left, top, right, bottom.",
            HelpName = "X1,Y1,X2,Y2",
            Required = true,
        };
        var verb = new Verb(
            "region",
            "Describes a region of pictures.",
            "palisharp region photo.jpg --box 40,20,200,180",
            "palisharp region photo.jpg --box 40,20,200,180 --json")
        {
            box,
        };
        return TaskCommand.Finish<RegionCaptionResult>(
            verb, host, defaultTokens: 128, (parsed, choice) => new RegionCaptionTask(Parse(parsed.GetRequiredValue(box))) { Options = choice.Generation });
    }

    private static BoundingBox Parse(string text)
    {
        float[] edges = [.. text.Split(',').Select(edge => float.TryParse(edge, NumberStyles.Float, CultureInfo.InvariantCulture, out float value) ? value : float.NaN)];
        return edges.Length == 4 && edges.All(float.IsFinite) && edges[2] > edges[0] && edges[3] > edges[1]
            ? new BoundingBox(edges[0], edges[1], edges[2], edges[3])
            : throw new UsageException($"--box {text}: expected left, top, right, bottom in pixels, such as 40,20,200,180.");
    }
}
