using System.CommandLine;
using PaliSharp.Cli.Options;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp music</c>: the music in a picture.</summary>
internal static class MusicCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Option<string?> prompt = new("--prompt", "-p") { Description = "The text the model sees, as your checkpoint was tuned. Default: music.", HelpName = "TEXT" };
        Option<bool> squash = new("--squash") { Description = "Squash the picture to a square instead of putting it on a white one." };
        var verb = new Verb(
            "music",
            "Reads printed music as **kern, with a checkpoint that was tuned on music.",
            "palisharp music score.png --model MODEL > score.krn",
            "palisharp music scores/ --json --model MODEL")
        {
            prompt,
            squash,
        };
        return TaskCommand.Finish<MusicResult>(verb, host, defaultTokens: 1024, (parsed, choice) =>
        {
            var task = new MusicTask { PadToSquare = !parsed.GetValue(squash), Options = choice.Generation };
            return parsed.GetValue(prompt) is { } text ? task with { Prompt = text } : task;
        });
    }
}
