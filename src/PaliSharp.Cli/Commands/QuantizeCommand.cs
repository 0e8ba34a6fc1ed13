using System.CommandLine;
using PaliSharp.Checkpoints;
using PaliSharp.Checkpoints.Hub;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;
using PaliSharp.Tensors;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp quantize</c>: writes a checkpoint's weights in 8 or 4 bits.</summary>
internal static class QuantizeCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> model = new("MODEL") { Description = "Checkpoint folder, .npz file or OWNER/NAME[@REVISION] that was pulled." };
        Option<string?> weights = new("--weights", "-w") { Description = "int8 or int4. Default: int8.", HelpName = "TYPE" };
        weights.AcceptOnlyFromAmong("int8", "int4");
        Option<string?> target = new("--out", "-o")
        {
            Description = "The file to write. Default: beside the checkpoint, where it is found when the model is loaded.",
            HelpName = "FILE",
        };
        Option<bool> everything = new("--all")
        {
            Description = "Quantise small matrices too, which are otherwise left as they are: that loses what shows and saves what does not.",
        };
        var output = new OutputOptions();
        var verb = new Verb(
            "quantize",
            "Writes the weights of a checkpoint in 8 or 4 bits into one file and prints its path. Every verb then loads that file: 8 bits by itself, "
            + "4 bits with --weights int4. Memory does not grow with the model.",
            "palisharp quantize google/paligemma2-3b-mix-448",
            "palisharp quantize models/nano --weights int4 --out nano-int4.safetensors")
        {
            model,
            weights,
            target,
            everything,
        };
        output.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) => QuantizeAsync(
            host,
            HubModelResolver.Resolve(parsed.GetRequiredValue(model), HubOptions.FromEnvironment(host.Variable)),
            parsed.GetValue(weights) == "int4" ? WeightType.Int4 : WeightType.Int8,
            parsed.GetValue(target),
            parsed.GetValue(everything),
            output.Read(parsed),
            cancellationToken));
        return verb;
    }

    private static async Task<int> QuantizeAsync(
        CliHost host, string model, WeightType weights, string? target, bool everything, OutputChoice output, CancellationToken cancellationToken)
    {
        string path = await QuantizationProgressDisplay.RunAsync(
            host, output, progress => Task.Run(() => CheckpointQuantizer.Quantize(model, weights, target, everything, progress, cancellationToken), cancellationToken));
        long bytes = new FileInfo(path).Length;
        if (output.Json)
            JsonLines.Write(host.Output, new QuantizeLine(model, weights == WeightType.Int8 ? "int8" : "int4", path, bytes));
        else
            host.Output.WriteLine(path);
        return ExitCode.Success;
    }
}
