using System.CommandLine;
using PaliSharp.Checkpoints.Hub;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp pull</c>: fetches a checkpoint from a hub.</summary>
internal static class PullCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> model = new("OWNER/NAME[@REVISION]") { Description = "The model, and a branch, tag or commit of it. Default: main." };
        Option<bool> allFiles = new("--all-files") { Description = "Fetch every file, not only those that palisharp uses." };
        var output = new OutputOptions();
        var verb = new Verb(
            "pull",
            "Fetches a checkpoint from a Hugging Face-compatible hub into the cache that the Python client uses, and prints its folder. "
            + "An interrupted pull goes on where it stopped. HF_ENDPOINT, HF_TOKEN, HF_HOME and their kin are honoured.",
            "palisharp pull google/paligemma2-3b-mix-448",
            "palisharp pull google/paligemma-3b-pt-224@bfloat16",
            "HF_TOKEN=... palisharp pull OWNER/NAME --quiet")
        {
            model,
            allFiles,
        };
        output.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) => PullAsync(
            host, parsed.GetRequiredValue(model), parsed.GetValue(allFiles), output.Read(parsed), cancellationToken));
        return verb;
    }

    private static async Task<int> PullAsync(CliHost host, string model, bool allFiles, OutputChoice output, CancellationToken cancellationToken)
    {
        if (!ModelReference.TryParse(model, out ModelReference? reference))
            throw new UsageException($"'{model}' does not name a model. Expected OWNER/NAME or OWNER/NAME@REVISION, for example google/paligemma2-3b-mix-448");
        using var client = new HubClient(HubOptions.FromEnvironment(host.Variable) with { AllFiles = allFiles });
        string folder = await PullProgressDisplay.RunAsync(
            host, output, progress => client.PullAsync(reference, progress, cancellationToken));
        if (output.Json)
            JsonLines.Write(host.Output, new PullLine(reference.Id, reference.Revision, folder));
        else
            host.Output.WriteLine(folder);
        return ExitCode.Success;
    }
}
