using System.CommandLine;
using System.Diagnostics;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Training.MaskCodecs;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp train-codec</c>: trains a mask codec.</summary>
internal static class TrainCodecCommand
{
    private static readonly TimeSpan NoticeInterval = TimeSpan.FromSeconds(2);

    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> masks = new("MASKS") { Description = "A folder of pictures, one mask each (inside is what is not black), or a COCO file of masks." };
        Option<string> target = new("--out", "-o") { Description = "The .npz file to write, in the layout of "
            + "vae-oid.npz.", HelpName = "FILE", Required = true };
        Option<string?> evaluation = new("--evaluation-masks") { Description = "Masks to measure the codec on, like MASKS.", HelpName = "MASKS" };
        Option<int?> steps = new Option<int?>("--steps") { Description = "The updates. Default: 2000.", HelpName = "N" }.Between(1, 100_000_000);
        Option<int?> batch = new Option<int?>("--batch") { Description = "The masks of an update. Default: 32.", HelpName = "N" }.Between(8, 4096);
        Option<double?> rate = new("--learning-rate") { Description = "The learning rate. Default: 0.0003.", HelpName = "X" };
        Option<ulong?> seed = new("--seed") { Description = "Determines first values and order.", HelpName = "SEED" };
        var cpu = new CpuChoice();
        var output = new OutputOptions();
        var verb = new Verb(
            "train-codec",
            "Trains the codec between masks and the 16 <seg> tokens of an object, and writes it where segmenting models look for it.",
            "palisharp train-codec masks --out mask_codec.npz --steps 3000",
            "palisharp train-codec instances_train2017.json --evaluation-masks instances_val2017.json --out vae-own.npz")
        {
            masks, target, evaluation, steps, batch, rate, seed,
        };
        cpu.AddTo(verb);
        output.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            var defaults = new MaskCodecTrainingOptions();
            var options = new MaskCodecTrainingOptions
            {
                Steps = parsed.GetValue(steps) ?? defaults.Steps,
                BatchSize = parsed.GetValue(batch) ?? defaults.BatchSize,
                LearningRate = parsed.GetValue(rate) ?? defaults.LearningRate,
                Seed = parsed.GetValue(seed) ?? 0,
            };
            var files = new Files(parsed.GetRequiredValue(masks), parsed.GetValue(evaluation), parsed.GetRequiredValue(target));
            return Task.Run(() => Train(host, files, options, cpu.Read(parsed), output.Read(parsed), cancellationToken), CancellationToken.None);
        });
        return verb;
    }

    private static int Train(
        CliHost host, Files files, MaskCodecTrainingOptions options, CpuOptions? cpu, OutputChoice output, CancellationToken cancellationToken)
    {
        IMaskSet? measured = files.Evaluation is null ? null : MaskSets.Open(files.Evaluation);
        string folder = Path.GetDirectoryName(Path.GetFullPath(files.Target))!;
        if (!Directory.Exists(folder))
            throw new UsageException($"The folder '{folder}' of --out does not exist.");
        using var trainer = new MaskCodecTrainer(MaskSets.Open(files.Masks), options, cpu);
        trainer.Run(new Notices(host, output, options.Steps), cancellationToken);
        trainer.Save(files.Target);
        double? overlap = measured is null ? null : trainer.Evaluate(measured);
        if (trainer.Skipped > 0 && !output.Quiet)
            host.Tell($"{trainer.Skipped} masks were empty or could not be read");
        if (output.Json)
            JsonLines.Write(host.Output, new TrainCodecLine(files.Target, trainer.Step, trainer.Skipped, overlap));
        else
            host.Output.WriteLine(overlap is { } value ? $"{files.Target}  mean intersection over union {value:f4}" : files.Target);
        return ExitCode.Success;
    }

    private sealed record Files(string Masks, string? Evaluation, string Target);

    /// <summary>A line every few seconds and at the end.</summary>
    private sealed class Notices(CliHost host, OutputChoice output, int steps) : IProgress<MaskCodecProgress>
    {
        private long _last = Stopwatch.GetTimestamp();

        public void Report(MaskCodecProgress value)
        {
            if (output.Quiet || (value.Step != steps && Stopwatch.GetElapsedTime(_last) < NoticeInterval))
                return;
            _last = Stopwatch.GetTimestamp();
            host.Tell($"update {value.Step}/{steps}  loss {value.Loss:f4}  codes {value.UsedCodes}  {value.MasksPerSecond:f0} masks/s");
        }
    }
}
