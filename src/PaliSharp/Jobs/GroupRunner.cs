using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Results;
using PaliSharp.Tasks;

namespace PaliSharp.Jobs;

/// <summary>
/// Answers a group of rows in one batch. What fails fails alone. Handed in at once to an otherwise idle model, a group is always computed in the
/// same steps, so that every bit of its numbers is the same when it is computed again.
/// </summary>
internal sealed class GroupRunner(PaliGemma model, BatchTask task)
{
    // Far apart for neighbouring rows.
    private const ulong SeedStep = 0x9E3779B97F4A7C15;

    /// <summary>Answers rows, in order; what is wrong with a row or its picture is part of its answer.</summary>
    public async Task<BatchAnswer[]> RunAsync(IReadOnlyList<BatchRow> rows, CancellationToken cancellationToken)
    {
        var answers = new BatchAnswer?[rows.Count];
        var asked = new Asked?[rows.Count];
        await Parallel.ForAsync(0, rows.Count, cancellationToken, (i, _) =>
        {
            asked[i] = Prepare(rows[i], out answers[i]);
            return ValueTask.CompletedTask;
        });
        Asked[] items = [.. asked.OfType<Asked>()];
        foreach ((Asked item, BatchAnswer answer) in task.IsScored ? await ScoreAsync(items, cancellationToken) : await AnswerAsync(items, cancellationToken))
            answers[Array.IndexOf(asked, item)] = answer;
        return answers!;
    }

    private static BatchAnswer Failed(BatchRow row, string kind, string message) => new(row, null, new RowError(kind, message));

    /// <summary>Reads a row's picture and makes its prompts.</summary>
    private Asked? Prepare(BatchRow row, out BatchAnswer? failed)
    {
        failed = null;
        if (row.Problem is { } problem)
        {
            failed = Failed(row, RowError.Input, problem);
            return null;
        }

        try
        {
            Image image = Image.Load(row.Path!);
            if (task.IsScored)
                return new Asked(row, image, null, []);
            TaskPlan plan = task.Create(row).Plan(model, [image]);
            return new Asked(row, image, plan, [.. plan.Requests.Select(request => WithSeed(request, row.Index))]);
        }
        catch (PromptException exception)
        {
            failed = Failed(row, RowError.Prompt, exception.Message);
        }
        catch (Exception exception) when (exception is ImageFormatException or ResourceLimitException or IOException or UnauthorizedAccessException)
        {
            failed = Failed(row, RowError.Image, exception.Message);
        }

        return null;
    }

    /// <summary>One row after the other: the labels of one picture fill the model.</summary>
    private async Task<List<(Asked Item, BatchAnswer Answer)>> ScoreAsync(IReadOnlyList<Asked> items, CancellationToken cancellationToken)
    {
        var answers = new List<(Asked Item, BatchAnswer Answer)>();
        foreach (Asked item in items)
        {
            try
            {
                ResultLine line = await task.ScoreAsync(model, item.Row, item.Image, cancellationToken);
                answers.Add((item, new BatchAnswer(item.Row, ResultJson.ToObject(line), null)));
            }
            catch (Exception exception) when (exception is PromptException or ResourceLimitException and not Batching.QueueFullException)
            {
                answers.Add((item, Failed(item.Row, RowError.Prompt, exception.Message)));
            }
        }

        return answers;
    }

    private async Task<List<(Asked Item, BatchAnswer Answer)>> AnswerAsync(IReadOnlyList<Asked> items, CancellationToken cancellationToken)
    {
        var answers = new List<(Asked Item, BatchAnswer Answer)>();
        try
        {
            IReadOnlyList<GenerationResult> results = items.Count == 0
                ? []
                : await model.GenerateBatchAsync([.. items.SelectMany(item => item.Requests)], cancellationToken);
            int next = 0;
            foreach (Asked item in items)
            {
                ITaskResult result = item.Plan!.Read([.. results.Skip(next).Take(item.Requests.Length)]);
                next += item.Requests.Length;
                answers.Add((item, new BatchAnswer(item.Row, ResultJson.ToObject(ResultLines.Of(item.Row.Image!, item.Image, result)), null)));
            }
        }
        catch (Exception exception) when (exception is PromptException or ResourceLimitException and not Batching.QueueFullException)
        {
            // One of them, too long for the model perhaps, must not fail the others.
            if (items is [var only])
                return [(only, Failed(only.Row, RowError.Prompt, exception.Message))];
            answers.Clear();
            foreach (Asked item in items)
                answers.AddRange(await AnswerAsync([item], cancellationToken));
        }

        return answers;
    }

    // Drawn tokens depend on the row alone, so that they are drawn alike when a job goes on; without a seed as with the seed 0.
    private static GenerationRequest WithSeed(GenerationRequest request, long row)
    {
        GenerationOptions options = request.Options ?? new GenerationOptions();
        SamplingOptions sampling = options.Sampling;
        return sampling.IsGreedy
            ? request
            : request with { Options = options with { Sampling = sampling with { Seed = (sampling.Seed ?? 0) + ((ulong)row * SeedStep) } } };
    }

    /// <summary>A row whose picture was read; without a plan where texts are scored.</summary>
    private sealed record Asked(BatchRow Row, Image Image, TaskPlan? Plan, GenerationRequest[] Requests);
}
