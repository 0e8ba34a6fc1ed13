using System.CommandLine;
using PaliSharp.Cli.Options;
using PaliSharp.Training.Checkpoints;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp make-model</c>: a model that knows nothing yet, to be trained from the beginning.</summary>
internal static class MakeModelCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> source = new("FOLDER") { Description = "A folder with config.json, which says the geometry, and a tokenizer. Weights in it are not read." };
        Option<string> target = new("--out", "-o") { Description = "The folder for the model.", HelpName = "FOLDER", Required = true };
        Option<ulong> seed = new("--seed") { Description = "Draws other values. Default: 0.", HelpName = "SEED" };
        var verb = new Verb(
            "make-model",
            "Makes a model with random weights, of any geometry, to be trained from the beginning.",
            "palisharp make-model models/nano --out runs/start")
        {
            source, target, seed,
        };
        verb.SetAction(parsed =>
        {
            string folder = parsed.GetRequiredValue(target);
            CheckpointInitialiser.Write(parsed.GetRequiredValue(source), folder, parsed.GetValue(seed));
            host.Output.WriteLine(folder);
            return ExitCode.Success;
        });
        return verb;
    }
}
