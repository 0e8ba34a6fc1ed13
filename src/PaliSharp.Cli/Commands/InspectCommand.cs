using System.CommandLine;
using PaliSharp.Checkpoints;
using PaliSharp.Checkpoints.Hub;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp inspect</c>: what a checkpoint holds and what is wrong with it.</summary>
internal static class InspectCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> model = new("MODEL") { Description = "Checkpoint folder, .npz file or OWNER/NAME[@REVISION] that was pulled." };
        Option<bool> tensors = new("--tensors") { Description = "List every tensor." };
        Option<bool> verify = new("--verify") { Description = "Read quantised files as a whole and compare their checksums." };
        var output = new OutputOptions();
        var verb = new Verb(
            "inspect",
            "Shows geometry, tensors, bytes, tokenizer and preprocessing of a checkpoint, and what is wrong with it; exit code 1 if something is.",
            "palisharp inspect models/nano",
            "palisharp inspect google/paligemma2-3b-mix-448 --tensors",
            "palisharp inspect pt_224.npz --json")
        {
            model,
            tensors,
            verify,
        };
        output.AddTo(verb);
        verb.SetAction(parsed =>
        {
            string path = HubModelResolver.Resolve(parsed.GetRequiredValue(model), HubOptions.FromEnvironment(host.Variable));
            var inspection = Inspection.Of(CheckpointInspector.Inspect(path, parsed.GetValue(verify)));
            if (output.Read(parsed).Json)
                JsonLines.Write(host.Output, InspectLine.Of(inspection, parsed.GetValue(tensors)));
            else
                InspectText.Write(host, inspection, parsed.GetValue(tensors));
            return inspection.Problems.Count == 0 ? ExitCode.Success : ExitCode.Failure;
        });
        return verb;
    }
}
