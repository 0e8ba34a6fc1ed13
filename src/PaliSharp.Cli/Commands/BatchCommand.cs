using System.CommandLine;
using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Jobs;

namespace PaliSharp.Cli.Commands;

/// <summary><c>palisharp batch</c>: the same task for many pictures, into a file, resumable.</summary>
internal static class BatchCommand
{
    /// <summary>Creates the verb.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string[]> inputs = new Argument<string[]>("INPUT")
        {
            Description = "A .csv, .tsv or .jsonl file with a picture in each row; or pictures, patterns such as 'photos/**/*.jpg' and folders.",
            Arity = ArgumentArity.OneOrMore,
        }.RefusingOptions();
        Option<string> output = new("--output", "-o")
        {
            Description = "The file for the results, .csv or .jsonl. FILE.job beside it says what is being done; run the same command again to go on after an interruption.",
            HelpName = "FILE",
            Required = true,
        };
        Option<string?> imageColumn = new("--image-column") { Description = "The column that names the picture. Default: image.", HelpName = "NAME" };
        Option<string?> imageRoot = new("--image-root")
        {
            Description = "Where relative names of pictures start. Default: the folder of the input file.",
            HelpName = "FOLDER",
        };
        Option<int?> window = new Option<int?>("--window")
        {
            Description = "Rows answered together; so many pictures are held in memory. Default: 32.",
            HelpName = "N",
        }.Between(1, 65_536);
        Option<bool> overwrite = new("--overwrite") { Description = "Start afresh, whatever the output holds." };
        var task = new BatchTaskOptions();
        var export = new ExportOption();
        var options = new AnswerOptions(defaultTokens: null, isLive: false);
        var verb = new Verb(
            "batch",
            "Does the same for many pictures and writes a row for each; goes on where it was after an interruption.",
            "palisharp batch products.csv -o captions.csv --prompt \"caption {language}\"",
            "palisharp batch 'photos/**/*.jpg' -o captions.jsonl --task caption --language de",
            "palisharp batch yard.jsonl -o boxes.jsonl --task detect --what \"{labels}\" --export coco:boxes.json",
            "palisharp batch products.csv -o fits.csv --task match --what \"{title}\"")
        {
            inputs,
            output,
            imageColumn,
            imageRoot,
            window,
            overwrite,
        };
        task.AddTo(verb);
        export.AddTo(verb);
        options.AddTo(verb);
        verb.SetAction((parsed, cancellationToken) =>
        {
            AnswerChoice choice = options.Read(parsed, host, task.Tokens(parsed));
            if (choice.Output.Timings)
                throw new UsageException("--timings has no place in a job: times differ from run to run, and what is interrupted must end with the same rows.");
            choice = choice with { Model = choice.Model with { KeepsPictures = false } };
            IReadOnlyList<ExportTarget> exports = export.Read(parsed);
            BatchTask asked = task.Read(parsed, choice.Generation);
            if (exports.Count > 0 && !asked.HasObjects)
                throw new UsageException("--export is about objects: use it with --task detect, segment or text-detect.");
            var job = new BatchJobOptions(parsed.GetRequiredValue(output))
            {
                Format = FormatOf(parsed.GetRequiredValue(output)),
                Overwrite = parsed.GetValue(overwrite),
            };
            if (parsed.GetValue(window) is { } rows)
                job = job with { Window = rows };
            BatchInput input = BatchSource.Open(parsed.GetRequiredValue(inputs), parsed.GetValue(imageColumn), parsed.GetValue(imageRoot));
            return new BatchVerb(host, new BatchRequest(input, asked, job, choice, exports)).RunAsync(cancellationToken);
        });
        return verb;
    }

    private static BatchFormat FormatOf(string path) => Path.GetExtension(path).ToUpperInvariant() switch
    {
        ".CSV" => BatchFormat.Csv,
        ".JSONL" or ".NDJSON" => BatchFormat.JsonLines,
        _ => throw new UsageException($"--output {path}: the name must end in .csv or .jsonl, which says how rows are written."),
    };
}
