using PaliSharp.Results;
using PaliSharp.Generation;
using PaliSharp.Imaging;

namespace PaliSharp.Jobs;

/// <summary>Answers a group of rows together. What fails fails alone.</summary>
internal sealed class GroupRunner(PaliGemma model, BatchTask task)
{
    /// <summary>Answers rows, in order.</summary>
    public async Task<BatchAnswer[]> RunAsync(IReadOnlyList<BatchRow> rows, CancellationToken cancellationToken)
    {
        var answers = new BatchAnswer?[rows.Count];
        Image?[] images = await DecodeAsync(rows, answers, cancellationToken);
        var asked = new List<(int Place, GenerationRequest Request)>();
        for (int i = 0; i < rows.Count; i++)
        {
            if (images[i] is not { } image)
                continue;
            try
            {
                asked.Add((i, WithSeed(task.Ask(rows[i], image), rows[i].Index)));
            }
            catch (PromptException exception)
            {
                answers[i] = Failed(rows[i], RowError.Prompt, exception);
            }
        }

        await AnswerAsync(rows, images, asked, answers, cancellationToken);
        return answers!;
    }

    private static BatchAnswer Failed(BatchRow row, string kind, Exception exception) => new(row, null, new RowError(kind, exception.Message));

    // Drawn tokens depend on the row alone, so that they are drawn alike when a job goes on; without a seed as with the seed 0.
    private static GenerationRequest WithSeed(GenerationRequest request, long row)
    {
        const ulong Step = 0x9E3779B97F4A7C15; // far apart for neighbouring rows
        GenerationOptions options = request.Options ?? new GenerationOptions();
        SamplingOptions sampling = options.Sampling;
        return sampling.IsGreedy
            ? request
            : request with { Options = options with { Sampling = sampling with { Seed = (sampling.Seed ?? 0) + ((ulong)row * Step) } } };
    }

    private static async Task<Image?[]> DecodeAsync(IReadOnlyList<BatchRow> rows, BatchAnswer?[] answers, CancellationToken cancellationToken)
    {
        var images = new Image?[rows.Count];
        await Parallel.ForAsync(0, rows.Count, cancellationToken, (i, _) =>
        {
            if (rows[i].Problem is { } problem)
                answers[i] = new BatchAnswer(rows[i], null, new RowError(RowError.Input, problem));
            else
                images[i] = Decode(rows[i], out answers[i]);
            return ValueTask.CompletedTask;
        });
        return images;
    }

    private static Image? Decode(BatchRow row, out BatchAnswer? failed)
    {
        failed = null;
        try
        {
            return Image.Load(row.Path!);
        }
        catch (Exception exception) when (exception is PaliSharpException or IOException or UnauthorizedAccessException)
        {
            failed = Failed(row, RowError.Image, exception);
            return null;
        }
    }

    private async Task AnswerAsync(
        IReadOnlyList<BatchRow> rows,
        Image?[] images,
        List<(int Place, GenerationRequest Request)> asked,
        BatchAnswer?[] answers,
        CancellationToken cancellationToken)
    {
        if (asked.Count == 0)
            return;
        try
        {
            IReadOnlyList<GenerationResult> results = await model.GenerateBatchAsync([.. asked.Select(item => item.Request)], cancellationToken);
            foreach ((int place, GenerationResult result) in asked.Select(item => item.Place).Zip(results))
                answers[place] = new BatchAnswer(rows[place], ResultJson.ToObject(task.Read(model, rows[place], images[place]!, result)), null);
        }
        catch (PromptException exception) when (asked.Count == 1)
        {
            answers[asked[0].Place] = Failed(rows[asked[0].Place], RowError.Prompt, exception);
        }
        catch (PromptException)
        {
            // One of them, too long for the model perhaps, must not fail the others.
            foreach ((int Place, GenerationRequest Request) item in asked)
                await AnswerAsync(rows, images, [item], answers, cancellationToken);
        }
    }
}
