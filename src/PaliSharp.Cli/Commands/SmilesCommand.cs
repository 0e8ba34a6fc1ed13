using System.CommandLine;
using PaliSharp.Cli.Options;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp smiles</c>: the molecule in a picture.</summary>
internal static class SmilesCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Option<string?> prompt = new("--prompt", "-p") { Description = "The text the model sees, as your checkpoint was tuned. Default: molecule.", HelpName = "TEXT" };
        Option<bool> squash = new("--squash") { Description = "Squash the picture to a square instead of putting it on a white one." };
        var verb = new Verb(
            "smiles",
            "Reads drawn molecules as SMILES and checks the syntax, with a checkpoint that was tuned on molecules.",
            "palisharp smiles drawing.png --model MODEL",
            "palisharp smiles drawings/ --json --model MODEL")
        {
            prompt,
            squash,
        };
        return TaskCommand.Finish<MoleculeResult>(verb, host, defaultTokens: 256, (parsed, choice) =>
        {
            var task = new MoleculeTask { PadToSquare = !parsed.GetValue(squash), Options = choice.Generation };
            return parsed.GetValue(prompt) is { } text ? task with { Prompt = text } : task;
        });
    }
}
