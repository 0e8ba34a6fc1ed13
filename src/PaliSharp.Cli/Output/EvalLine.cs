using System.Text.Json;
using System.Text.Json.Serialization;
using PaliSharp.Evaluation;

namespace PaliSharp.Cli.Output;

/// <summary>The figures of a model in JSON.</summary>
/// <param name="Model">The model.</param>
/// <param name="Scenes">The number of scenes.</param>
/// <param name="Pages">The number of text lines, charts and tables, of each.</param>
/// <param name="Seed">Which they are.</param>
/// <param name="Run">How questions were put: <c>single</c>, <c>batch</c>, <c>mixed</c> or <c>all</c>.</param>
/// <param name="Answers">The number of answers about scenes.</param>
/// <param name="Cut">Those of them that were cut at the limit on tokens.</param>
/// <param name="Scores">The figures.</param>
internal sealed record EvalLine(string Model, int Scenes, int Pages, ulong Seed, string Run, int Answers, int Cut, IReadOnlyList<ScoreItem> Scores)
{
    /// <summary>The answers that differ between the three ways; null if only one was taken.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Different { get; init; }

    /// <summary>Describes figures.</summary>
    public static EvalLine Of(
        string model, SceneEvaluationOptions options, int pages, SceneReport report, IReadOnlyList<SceneScore> scores, int? different) => new(
        model,
        options.Scenes,
        pages,
        options.Seed,
        different is null ? JsonNamingPolicy.SnakeCaseLower.ConvertName(options.Run.ToString()) : Commands.EvalVerb.AllRuns,
        report.Answers.Count,
        report.Cut,
        [.. scores.Select(score => new ScoreItem(score.Name, score.Value, score.Count))])
    {
        Different = different,
    };
}

/// <summary>A figure in JSON.</summary>
/// <param name="Name">What it measures.</param>
/// <param name="Value">The mean.</param>
/// <param name="Count">What it is the mean of.</param>
internal sealed record ScoreItem(string Name, double Value, int Count);
