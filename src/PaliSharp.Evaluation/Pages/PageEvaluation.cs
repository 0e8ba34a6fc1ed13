using PaliSharp.Tasks;

namespace PaliSharp.Evaluation;

/// <summary>An answer to a question about a page.</summary>
/// <param name="Page">The page.</param>
/// <param name="Question">The question.</param>
/// <param name="Result">The result.</param>
public sealed record PageAnswer(Page Page, PageQuestion Question, ITaskResult Result)
{
    /// <summary>What the model wrote.</summary>
    public string Text => Result.Generations[0].Text.Trim();
}

/// <summary>How well a model reads drawn pages.</summary>
/// <param name="Scores">The figures.</param>
/// <param name="Answers">All answers, page by page.</param>
public sealed record PageReport(IReadOnlyList<SceneScore> Scores, IReadOnlyList<PageAnswer> Answers);

/// <summary>Draws text lines, charts and tables, asks a model about them and scores its answers.</summary>
public static class PageEvaluation
{
    private const int LongestAnswer = 160;

    /// <summary>Measures a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="pages">The pages of each kind, at least 1.</param>
    /// <param name="seed">The seed of the pages. Pages for training have others.</param>
    /// <param name="concurrency">The most questions under way together.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    public static async Task<PageReport> RunAsync(
        PaliGemma model, int pages, ulong seed, int concurrency = 32, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfLessThan(pages, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(concurrency, 1);
        var generator = new PageGenerator(seed);
        (Page Page, PageQuestion Question)[] asked =
        [
            .. Enum.GetValues<PageKind>().SelectMany(kind => Enumerable.Range(0, pages).Select(i => generator.Draw(kind, i)))
                .SelectMany(page => page.Questions.Select(question => (page, question))),
        ];
        var answers = new PageAnswer[asked.Length];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, asked.Length),
            new ParallelOptions { MaxDegreeOfParallelism = concurrency, CancellationToken = cancellationToken },
            async (i, token) =>
            {
                (Page page, PageQuestion question) = asked[i];
                VisionTask task = question.Task with { Options = (question.Task.Options ?? new()) with { MaxNewTokens = LongestAnswer } };
                answers[i] = new PageAnswer(page, question, await model.RunAsync(new TaskItem(page.Image, task), token));
            });
        return new PageReport(Scores(answers), answers);
    }

    private static List<SceneScore> Scores(PageAnswer[] answers)
    {
        PageAnswer[] Of(PageKind kind) => [.. answers.Where(answer => answer.Page.Kind == kind)];
        PageAnswer[] lines = Of(PageKind.TextLine);
        PageAnswer[] charts = Of(PageKind.Chart);
        PageAnswer[] tables = Of(PageKind.Table);
        ErrorCount errors = lines.Select(answer => EditDistance.Characters(answer.Question.Answer, answer.Text)).Aggregate((left, right) => left + right);
        return
        [
            new("Text line: exact", lines.Average(answer => answer.Text == answer.Question.Answer ? 1.0 : 0), lines.Length),
            new("Text line: characters wrong (CER)", errors.Rate, lines.Length),
            new("Chart: relaxed accuracy", charts.Average(answer => AnswerMetrics.IsRelaxedMatch(answer.Question.Answer, answer.Text) ? 1.0 : 0), charts.Length),
            new("Table: exact", tables.Average(answer => answer.Text == answer.Question.Answer ? 1.0 : 0), tables.Length),
            new("Table: TEDS", tables.Average(answer => Similarity(answer.Text, answer.Question.Answer)), tables.Length),
        ];
    }

    // What is no table at all has nothing in common with one.
    private static double Similarity(string text, string truth) =>
        text.Contains("<table", StringComparison.Ordinal) ? TreeEditSimilarity.Teds(text, truth) : 0;
}
