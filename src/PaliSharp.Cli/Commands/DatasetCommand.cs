using System.CommandLine;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;
using PaliSharp.Training.Data;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp dataset</c>: converts and checks data for training.</summary>
internal static class DatasetCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host) => new("dataset", "Converts data sets between formats, and checks them before training.")
    {
        Convert(host),
        Check(host),
    };

    private static Verb Convert(CliHost host)
    {
        var source = new DatasetSourceOptions();
        Option<string> format = new("--to") { Description = "jsonl, coco, vqa or csv.", HelpName = "FORMAT", Required = true };
        format.AcceptOnlyFromAmong("jsonl", "coco", "vqa", "csv");
        Option<string> target = new("--output", "-o") { Description = "The folder to create; it must not exist, and appears whole or not at "
            + "all.", HelpName = "DIR", Required = true };
        var output = new OutputOptions();
        var verb = new Verb(
            "convert",
            "Converts a data set. Pictures stay where they are. What cannot be used is skipped and counted, what the format has no form for is "
                + "left out and counted.",
            "palisharp dataset convert captions_train2017.json --from coco-captions --images train2017 --to jsonl --output captions",
            "palisharp dataset convert examples.jsonl --to coco --output coco");
        source.AddTo(verb);
        verb.Add(format);
        verb.Add(target);
        output.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) => Task.Run(
            () =>
            {
                DatasetFormat chosen = Enum.Parse<DatasetFormat>(parsed.GetRequiredValue(format), ignoreCase: true);
                ConversionReport report = DatasetConverter.Convert(
                    source.Read(parsed), Environment.CurrentDirectory, chosen, parsed.GetRequiredValue(target), cancellationToken);
                Tell(host, output.Read(parsed), report.Skipped);
                if (output.Read(parsed).Json)
                {
                    JsonLines.Write(
                        host.Output, new ConversionLine(report.Files, report.Items, report.Written, report.LeftOut, DatasetText.Counts(report.Skipped)));
                    return ExitCode.Success;
                }

                host.Output.WriteLine($"{report.Items} items: {report.Written} examples written, {report.LeftOut} left out, "
                    + $"{report.Skipped.TotalSkipped} skipped");
                foreach (string file in report.Files)
                    host.Output.WriteLine(file);
                return ExitCode.Success;
            },
            CancellationToken.None));
        return verb;
    }

    private static Verb Check(CliHost host)
    {
        var source = new DatasetSourceOptions();
        var output = new OutputOptions();
        var verb = new Verb(
            "check",
            "Reads a data set or the sources of a mixture as a training would, pictures included, and says what would be skipped. The exit code "
                + "is 1 if anything would.",
            "palisharp dataset check examples.jsonl",
            "palisharp dataset check mixture.json");
        source.AddTo(verb);
        output.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) => Task.Run(
            () =>
            {
                bool isGood = true;
                foreach (SourceCheck check in Checks(source.Read(parsed), cancellationToken))
                {
                    isGood &= check.Skipped.TotalSkipped == 0;
                    Tell(host, output.Read(parsed), check.Skipped);
                    if (output.Read(parsed).Json)
                        JsonLines.Write(host.Output, new DatasetCheckLine(check.Name, check.Items, check.Usable, DatasetText.Counts(check.Skipped)));
                    else
                        host.Output.WriteLine($"{check.Name}: {check.Usable} of {check.Items} items usable");
                }

                return isGood ? ExitCode.Success : ExitCode.Failure;
            },
            CancellationToken.None));
        return verb;
    }

    private static IEnumerable<SourceCheck> Checks(SourceDescription source, CancellationToken cancellationToken) =>
        source.Kind is null && source.Path.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
            ? DatasetChecker.Check(MixtureFile.Load(source.Path), Path.GetDirectoryName(Path.GetFullPath(source.Path))!, cancellationToken)
            : [DatasetChecker.Check(source, Environment.CurrentDirectory, cancellationToken)];

    private static void Tell(CliHost host, OutputChoice output, DataReport report)
    {
        if (output.Quiet || report.TotalSkipped == 0)
            return;
        foreach (string line in report.ToString().Split('\n'))
            host.Tell(line);
    }
}
