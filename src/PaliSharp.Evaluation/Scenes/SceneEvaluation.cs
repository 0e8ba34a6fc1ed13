using System.Text;
using PaliSharp.Generation;
using PaliSharp.Tasks;

namespace PaliSharp.Evaluation;

/// <summary>How questions are put to the model. The answers are the same.</summary>
public enum SceneRun
{
    /// <summary>One after the other.</summary>
    Single,

    /// <summary>Those of one skill together, skill after skill.</summary>
    Batch,

    /// <summary>All of any kind together.</summary>
    Mixed,
}

/// <summary>What is measured, and how.</summary>
public sealed record SceneEvaluationOptions
{
    /// <summary>The number of scenes, at least 1.</summary>
    public int Scenes { get; init; } = 200;

    /// <summary>The seed of the scenes. Scenes for training have others.</summary>
    public ulong Seed { get; init; } = 20_261_122;

    /// <summary>How questions are put.</summary>
    public SceneRun Run { get; init; } = SceneRun.Mixed;

    /// <summary>The most questions under way together.</summary>
    public int Concurrency { get; init; } = 32;

    /// <summary>Told of the number of questions answered and of all; null for nobody.</summary>
    public Action<int, int>? Progress { get; init; }
}

/// <summary>An answer to a question about a scene.</summary>
/// <param name="Scene">The scene.</param>
/// <param name="Question">The question.</param>
/// <param name="Result">The result.</param>
public sealed record SceneAnswer(Scene Scene, SceneQuestion Question, ITaskResult Result)
{
    /// <summary>What the model wrote.</summary>
    public string Text => Result.Generations[0].Text;

    /// <summary>Whether it wrote the right answer to the letter.</summary>
    public bool IsExact => Text.Trim() == Question.Answer;
}

/// <summary>How well a model knows drawn scenes.</summary>
public sealed record SceneReport
{
    /// <summary>The figures.</summary>
    public required IReadOnlyList<SceneScore> Scores { get; init; }

    /// <summary>All answers, scene by scene and question by question.</summary>
    public required IReadOnlyList<SceneAnswer> Answers { get; init; }

    /// <summary>The number of answers that were cut at the limit on tokens.</summary>
    public int Cut => Answers.Count(answer => answer.Result.FinishReason == FinishReason.Length);

    /// <summary>The figures as a Markdown table.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder("| score | value | of |\n|---|---|---|\n");
        foreach (SceneScore score in Scores)
            text.Append($"| {score.Name} | {score.Value:f3} | {score.Count} |\n");
        return text.ToString();
    }
}

/// <summary>The same questions asked in every way.</summary>
/// <param name="Single">One after the other.</param>
/// <param name="Batch">Those of one skill together.</param>
/// <param name="Mixed">All of any kind together.</param>
public sealed record SceneComparison(SceneReport Single, SceneReport Batch, SceneReport Mixed)
{
    /// <summary>The questions whose answers are not the same text, location and mask tokens included, in all three.</summary>
    public int Different => Single.Answers.Zip(Batch.Answers, Mixed.Answers)
        .Count(answers => answers.First.Text != answers.Second.Text || answers.First.Text != answers.Third.Text);
}

/// <summary>Draws scenes, asks a model about them and scores its answers.</summary>
public static class SceneEvaluation
{
    /// <summary>Measures a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">How many scenes and how; null for the defaults.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <exception cref="CheckpointException">The model has no mask codec.</exception>
    public static async Task<SceneReport> RunAsync(PaliGemma model, SceneEvaluationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        options ??= new SceneEvaluationOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Scenes, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Concurrency, 1, nameof(options));
        var generator = new SceneGenerator(options.Seed);
        var asked = new List<(Scene Scene, SceneQuestion Question)>();
        for (int i = 0; i < options.Scenes; i++)
        {
            Scene scene = generator.Draw(i);
            asked.AddRange(SceneQuestion.About(scene, i).Select(question => (scene, question)));
        }

        var results = new ITaskResult[asked.Count];
        int done = 0;
        foreach (int[] group in Groups(asked, options))
        {
            await Parallel.ForEachAsync(
                group,
                new ParallelOptions { MaxDegreeOfParallelism = options.Run == SceneRun.Single ? 1 : options.Concurrency, CancellationToken = cancellationToken },
                async (index, token) =>
                {
                    results[index] = await model.RunAsync(new TaskItem(asked[index].Scene.Image, asked[index].Question.Task), token);
                    options.Progress?.Invoke(Interlocked.Increment(ref done), asked.Count);
                });
        }

        SceneAnswer[] answers = [.. asked.Select((item, i) => new SceneAnswer(item.Scene, item.Question, results[i]))];
        return new SceneReport { Scores = SceneScores.Of(answers), Answers = answers };
    }

    /// <summary>Asks the same questions in every way and compares the answers.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">How many scenes; how questions are put is left aside. Null for the defaults.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <exception cref="CheckpointException">The model has no mask codec.</exception>
    public static async Task<SceneComparison> CompareAsync(PaliGemma model, SceneEvaluationOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new SceneEvaluationOptions();
        return new SceneComparison(
            await RunAsync(model, options with { Run = SceneRun.Single }, cancellationToken),
            await RunAsync(model, options with { Run = SceneRun.Batch }, cancellationToken),
            await RunAsync(model, options with { Run = SceneRun.Mixed }, cancellationToken));
    }

    private static IEnumerable<int[]> Groups(List<(Scene Scene, SceneQuestion Question)> asked, SceneEvaluationOptions options)
    {
        IEnumerable<int> all = Enumerable.Range(0, asked.Count);
        return options.Run == SceneRun.Batch ? all.GroupBy(i => asked[i].Question.Skill).Select(group => group.ToArray()) : [[.. all]];
    }
}
