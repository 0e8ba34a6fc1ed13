using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Results;
using PaliSharp.Tasks;

namespace PaliSharp.Jobs;

/// <summary>Answers single rows.</summary>
internal sealed class RowRunner(PaliGemma model, BatchTask task)
{
    // Far apart for neighbouring rows.
    private const ulong SeedStep = 0x9E3779B97F4A7C15;

    /// <summary>Answers a row; what is wrong with the row or its picture is part of the answer.</summary>
    public async Task<BatchAnswer> RunAsync(BatchRow row, CancellationToken cancellationToken)
    {
        if (row.Problem is { } problem)
            return Failed(row, RowError.Input, problem);
        Image image;
        try
        {
            image = Image.Load(row.Path!);
        }
        catch (Exception exception) when (exception is PaliSharpException or IOException or UnauthorizedAccessException)
        {
            return Failed(row, RowError.Image, exception.Message);
        }

        try
        {
            TaskPlan plan = task.Create(row).Plan(model, [image]);
            GenerationRequest[] requests = [.. plan.Requests.Select(request => WithSeed(request, row.Index))];
            ITaskResult result = plan.Read(await model.GenerateBatchAsync(requests, cancellationToken));
            return new BatchAnswer(row, ResultJson.ToObject(ResultLines.Of(row.Image!, image, result)), null);
        }
        catch (PromptException exception)
        {
            return Failed(row, RowError.Prompt, exception.Message);
        }
    }

    private static BatchAnswer Failed(BatchRow row, string kind, string message) => new(row, null, new RowError(kind, message));

    // Drawn tokens depend on the row alone, so that they are drawn alike when a job goes on; without a seed as with the seed 0.
    private static GenerationRequest WithSeed(GenerationRequest request, long row)
    {
        GenerationOptions options = request.Options ?? new GenerationOptions();
        SamplingOptions sampling = options.Sampling;
        return sampling.IsGreedy
            ? request
            : request with { Options = options with { Sampling = sampling with { Seed = (sampling.Seed ?? 0) + ((ulong)row * SeedStep) } } };
    }
}
