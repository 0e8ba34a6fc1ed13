using System.Globalization;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;
using PaliSharp.Evaluation;
using PaliSharp.Generation;
using Spectre.Console;

namespace PaliSharp.Cli.Commands;

/// <summary>Measures a model and shows the figures.</summary>
internal sealed class EvalVerb(CliHost host, ModelChoice choice, OutputChoice output, SceneEvaluationOptions options, int pages, bool compares)
{
    /// <summary>What stands for asking in every way.</summary>
    public const string AllRuns = "all";

    private readonly ProgressDisplay _progress = new(host, output);

    /// <summary>Measures.</summary>
    /// <returns>The exit code: failure if answers differ between ways of asking.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using PaliGemma model = await LoadedModel.LoadAsync(host, new AnswerChoice(choice, output, new GenerationOptions(), AnswerOptions.DefaultBatch, Stream: false), _progress);
        (SceneReport report, int? different) = await _progress.SpinAsync($"Asking about {options.Scenes} scenes", () => MeasureAsync(model, cancellationToken));
        PageReport read = pages == 0
            ? new PageReport([], [])
            : await _progress.SpinAsync($"Asking about {pages} text lines, charts and tables", () => PageEvaluation.RunAsync(model, pages, options.Seed, cancellationToken: cancellationToken));
        SceneScore[] scores = [.. report.Scores, .. read.Scores];
        if (output.Json)
            JsonLines.Write(host.Output, EvalLine.Of(model.Path, options, pages, report, scores, different));
        else
            Show(report, scores, different);
        if (different is not > 0)
            return ExitCode.Success;
        host.TellError($"{different} of {report.Answers.Count} answers differ between asking one by one, each skill together, and all mixed.");
        return ExitCode.Failure;
    }

    private async Task<(SceneReport Report, int? Different)> MeasureAsync(PaliGemma model, CancellationToken cancellationToken)
    {
        if (!compares)
            return (await SceneEvaluation.RunAsync(model, options, cancellationToken), null);
        SceneComparison comparison = await SceneEvaluation.CompareAsync(model, options, cancellationToken);
        return (comparison.Mixed, comparison.Different);
    }

    private void Show(SceneReport report, IReadOnlyList<SceneScore> scores, int? different)
    {
        Table table = ConsoleTable.Create(host, ["score"], ["value", "of"]);
        foreach (SceneScore score in scores)
            table.AddRow(new Text(score.Name), new Text(score.Value.ToString("0.000", CultureInfo.InvariantCulture)), new Text(score.Count.ToString(CultureInfo.InvariantCulture)));
        host.OutputConsole().Write(table);
        _progress.Note($"{report.Answers.Count} answers about {options.Scenes} scenes of seed {options.Seed}, {report.Cut} of them cut at the limit on tokens");
        if (different == 0)
            _progress.Note("every answer is the same asked one by one, each skill together, and all mixed");
    }
}
