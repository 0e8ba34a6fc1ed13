using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;
using PaliSharp.Training;
using PaliSharp.Training.Distributed;
using PaliSharp.Training.Optimisers;
using PaliSharp.Training.Recipes;
using PaliSharp.Training.Running;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp train</c>: trains a model by a recipe.</summary>
internal static class TrainCommand
{
    private static readonly TimeSpan NoticeInterval = TimeSpan.FromSeconds(2);

    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> recipe = new("RECIPE") { Description = $"A recipe file, or one of: {string.Join(", ", RecipeFile.BuiltIn)}." };
        Option<string?> model = new("--model", "-m") { Description = "The checkpoint to begin with, instead of the recipe's.", HelpName = "MODEL" };
        Option<string?> data = new("--data") { Description = "The examples, instead of the recipe's: JSON lines, CSV, a folder of pictures, or a mixture (.json).", HelpName = "FILE" };
        Option<string?> evaluation = new("--evaluation-data") { Description = "Examples to evaluate on.", HelpName = "FILE" };
        Option<string> target = new("--out", "-o") { Description = "The folder for states, logs and the finished model.", HelpName = "FOLDER", Required = true };
        Option<int?> steps = new Option<int?>("--steps") { Description = "The number of updates, instead of the recipe's length.", HelpName = "N" }.Between(1, 1_000_000_000);
        Option<int?> batch = new Option<int?>("--batch") { Description = "The examples of an update.", HelpName = "N" }.Between(1, 1_000_000_000);
        Option<int?> part = new Option<int?>("--micro-batch") { Description = "The examples computed together: less memory, the same result.", HelpName = "N" }.Between(1, 1_000_000_000);
        Option<double?> rate = new("--learning-rate") { Description = "The largest learning rate.", HelpName = "X" };
        Option<bool> fresh = new("--no-resume") { Description = "Begin anew, whatever states the folder holds." };
        Option<bool> dry = new("--dry-run") { Description = "Compute one batch, say what memory and time the whole would take, and write nothing." };
        var cpu = new CpuChoice();
        var output = new OutputOptions();
        var verb = new Verb(
            "train",
            "Trains a model by a recipe: fine-tuning, adapters (LoRA), resolution increase. Stopped or killed, it goes on where it was when started again.",
            "palisharp train lora --model models/nano --data shapes.jsonl --out runs/shapes",
            "palisharp train cococap-224 --data captions.jsonl --out runs/captions --dry-run",
            "mpirun -n 2 palisharp train my-recipe.json --out runs/mine")
        {
            recipe, model, data, evaluation, target, steps, batch, part, rate, fresh, dry,
        };
        cpu.AddTo(verb);
        output.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            string path = parsed.GetRequiredValue(recipe);
            string folder = File.Exists(path) ? Path.GetDirectoryName(Path.GetFullPath(path))! : Environment.CurrentDirectory;
            TrainingRecipe chosen = Change(
                RecipeFile.Load(path), parsed.GetValue(model), parsed.GetValue(steps), parsed.GetValue(batch), parsed.GetValue(part), parsed.GetValue(rate));
            ITrainingSource source = Source(parsed.GetValue(data), chosen.Data, folder, chosen.Seed)
                ?? throw new UsageException("There is no data: the recipe names none. Give --data FILE.");
            var progress = new Notices(host, output.Read(parsed));
            var options = new TrainerOptions
            {
                Folder = parsed.GetRequiredValue(target),
                Resume = !parsed.GetValue(fresh) && !parsed.GetValue(dry),
                Cpu = cpu.Read(parsed),
                Progress = progress,
            };
            return Task.Run(
                () => Train(host, chosen, source, Source(parsed.GetValue(evaluation), chosen.EvaluationData, folder, chosen.Seed), options, output.Read(parsed), parsed.GetValue(dry), progress, cancellationToken),
                CancellationToken.None);
        });
        return verb;
    }

    private static int Train(
        CliHost host,
        TrainingRecipe recipe,
        ITrainingSource source,
        ITrainingSource? evaluation,
        TrainerOptions options,
        OutputChoice output,
        bool dryRun,
        Notices progress,
        CancellationToken cancellationToken)
    {
        MpiCollective? processes = dryRun ? null : MpiCollective.JoinIfStartedTogether();
        using var trainer = new Trainer(recipe, source, evaluation, options with { Collective = processes });
        if (dryRun)
        {
            Show(host, trainer.Estimate(), output);
            progress.Say(trainer.Skipped.ToString());
            return ExitCode.Success;
        }

        bool leads = processes is not { Rank: > 0 };
        if (trainer.Step > 0 && leads)
            progress.Say($"resumed at update {trainer.Step} of {trainer.TotalSteps}");
        trainer.Run(cancellationToken);
        processes?.Leave();
        if (!leads)
            return ExitCode.Success;
        progress.Say(trainer.Skipped.ToString());
        if (output.Json)
            JsonLines.Write(host.Output, new TrainLine(trainer.ResultFolder, trainer.Step));
        else
            host.Output.WriteLine(trainer.ResultFolder);
        return ExitCode.Success;
    }

    private static TrainingRecipe Change(TrainingRecipe recipe, string? model, int? steps, int? batch, int? part, double? rate) => recipe with
    {
        Model = model ?? recipe.Model,
        Length = steps is { } count ? new Duration(count, DurationUnit.Steps) : recipe.Length,
        BatchSize = batch ?? recipe.BatchSize,
        MicroBatchSize = part ?? recipe.MicroBatchSize,
        LearningRate = rate ?? recipe.LearningRate,
    };

    private static ITrainingSource? Source(string? file, JsonElement? data, string folder, ulong seed)
    {
        if (file is not null)
            return TrainingSources.Open(JsonElement.Parse($"\"{JsonEncodedText.Encode(file)}\""), Environment.CurrentDirectory, seed);
        return data is { } named ? TrainingSources.Open(named, folder, seed) : null;
    }

    private static void Show(CliHost host, TrainingEstimate estimate, OutputChoice output)
    {
        if (output.Json)
        {
            JsonLines.Write(host.Output, estimate);
            return;
        }

        host.Output.WriteLine($"updates             {estimate.Steps}");
        host.Output.WriteLine($"trained parameters  {estimate.TrainedParameters:n0}");
        host.Output.WriteLine($"frozen weights      {ByteText.Of(estimate.FrozenBytes)}");
        host.Output.WriteLine($"values, gradients   {ByteText.Of(estimate.ParameterBytes)}");
        host.Output.WriteLine($"optimiser           {ByteText.Of(estimate.OptimiserBytes)}");
        host.Output.WriteLine($"activations         {ByteText.Of(estimate.ActivationBytes)}");
        host.Output.WriteLine($"time of an update   {estimate.SecondsPerStep:f2} s");
        host.Output.WriteLine($"time of the whole   {Span(estimate.Total)}");
    }

    private static string Span(TimeSpan span) => $"{(long)span.TotalHours}:{span.Minutes:00}:{span.Seconds:00}";

    /// <summary>A line every few seconds, at every evaluation and at the end.</summary>
    private sealed class Notices(CliHost host, OutputChoice output) : IProgress<TrainingReport>
    {
        private long _last = Stopwatch.GetTimestamp() - Stopwatch.Frequency * 3600;

        public void Report(TrainingReport value)
        {
            TrainingStep step = value.Step;
            bool isLast = step.Step == value.TotalSteps;
            if (!isLast && value.Metrics is not { Count: > 0 } && Stopwatch.GetElapsedTime(_last) < NoticeInterval)
                return;
            _last = Stopwatch.GetTimestamp();
            Say($"update {step.Step}/{value.TotalSteps}  loss {step.Loss:f4}  norm {step.GradientNorm:g3}  rate {step.LearningRate:g3}  "
                + $"{step.ExamplesPerSecond:f1} examples/s  {Span(value.Remaining)} left");
            if (value.Metrics is { Count: > 0 } metrics)
                Say($"  {string.Join("  ", metrics.Select(pair => $"{pair.Key} {pair.Value:g5}"))}");
        }

        public void Say(string message)
        {
            if (output.Quiet)
                return;
            foreach (string line in message.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                host.Tell(line);
        }
    }
}
