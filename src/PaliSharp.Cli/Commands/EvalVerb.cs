using System.Globalization;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;
using PaliSharp.Evaluation;
using PaliSharp.Generation;
using Spectre.Console;

namespace PaliSharp.Cli.Commands;

/// <summary>Measures a model and shows the figures.</summary>
internal sealed class EvalVerb(CliHost host, ModelChoice choice, OutputChoice output, SceneEvaluationOptions options, int pages)
{
    private readonly ProgressDisplay _progress = new(host, output);

    /// <summary>Measures.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using PaliGemma model = await LoadedModel.LoadAsync(host, new AnswerChoice(choice, output, new GenerationOptions(), Batch: 8, Stream: false), _progress);
        SceneReport report = await _progress.SpinAsync($"Asking about {options.Scenes} scenes", () => SceneEvaluation.RunAsync(model, options, cancellationToken));
        PageReport read = pages == 0
            ? new PageReport([], [])
            : await _progress.SpinAsync($"Asking about {pages} text lines, charts and tables", () => PageEvaluation.RunAsync(model, pages, options.Seed, cancellationToken: cancellationToken));
        SceneScore[] scores = [.. report.Scores, .. read.Scores];
        if (output.Json)
        {
            JsonLines.Write(host.Output, EvalLine.Of(model.Path, options, pages, report, scores));
            return ExitCode.Success;
        }

        Table table = ConsoleTable.Create(host, ["score"], ["value", "of"]);
        foreach (SceneScore score in scores)
            table.AddRow(new Text(score.Name), new Text(score.Value.ToString("0.000", CultureInfo.InvariantCulture)), new Text(score.Count.ToString(CultureInfo.InvariantCulture)));
        host.OutputConsole().Write(table);
        _progress.Note($"{report.Answers.Count} answers about {options.Scenes} scenes of seed {options.Seed}, {report.Cut} of them cut at the limit on tokens");
        return ExitCode.Success;
    }
}
