using System.Globalization;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;
using PaliSharp.Generation;
using PaliSharp.Jobs;

namespace PaliSharp.Cli.Commands;

/// <summary>A job and how it is shown.</summary>
/// <param name="Input">The pictures.</param>
/// <param name="Task">What is asked about each.</param>
/// <param name="Job">Where the rows go.</param>
/// <param name="Choice">The model, how it answers, how progress is shown.</param>
/// <param name="Exports">Files for other tools, made of the rows in the end.</param>
internal sealed record BatchRequest(BatchInput Input, BatchTask Task, BatchJobOptions Job, AnswerChoice Choice, IReadOnlyList<ExportTarget> Exports);

/// <summary>Runs a job and shows how far it is.</summary>
internal sealed class BatchVerb(CliHost host, BatchRequest request)
{
    private readonly ProgressDisplay _progress = new(host, request.Choice.Output);

    /// <summary>Does what is not yet done.</summary>
    /// <returns>The exit code: failure if any row of the output holds an error.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using PaliGemma model = await LoadedModel.LoadAsync(host, request.Choice, _progress);
        BatchJobOptions options = request.Job with { Settings = Describe(model) };
        var job = new BatchJob(request.Input, request.Task, options);
        BatchProgress done;
        try
        {
            done = await BatchProgressDisplay.RunAsync(
                host, request.Choice.Output, progress => job.RunAsync(model, progress, cancellationToken));
        }
        catch (OperationCanceledException)
        {
            _progress.Note("The rows so far are kept; run the same command again to go on.");
            throw;
        }

        foreach (ExportTarget target in request.Exports)
        {
            job.Export(target.Format, target.Path);
            _progress.Note($"wrote {target.Path}");
        }

        if (request.Choice.Output.Json)
            JsonLines.Write(host.Output, BatchLine.Of(options.Output, done));
        else
            _progress.Note($"{options.Output}: {BatchProgressDisplay.Describe(done)}");
        if (done.Failed > 0)
            host.TellError($"{done.Failed} of {done.Total} rows failed; the reason is in the field 'error' of each.");
        return done.Failed == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    /// <summary>What makes the answers of two runs comparable.</summary>
    private Dictionary<string, string> Describe(PaliGemma model)
    {
        GenerationOptions generation = request.Choice.Generation;
        SamplingOptions sampling = generation.Sampling;
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["model"] = Path.GetFullPath(model.Path),
            ["weights"] = request.Choice.Model.Weights.ToString(),
            ["max_tokens"] = generation.MaxNewTokens.ToString(CultureInfo.InvariantCulture),
            ["prompt_style"] = generation.PromptStyle.ToString(),
            ["batch"] = request.Choice.Batch.ToString(CultureInfo.InvariantCulture),
            ["repetition_guard"] = (generation.StopOnRepetition is not null).ToString(),
            ["sampling"] = string.Create(CultureInfo.InvariantCulture, $"temperature {sampling.Temperature} top_k {sampling.TopK} top_p {sampling.TopP} seed {sampling.Seed}"),
        };
        if (generation.Beam is { } beam)
            settings.Add("beams", string.Create(CultureInfo.InvariantCulture, $"{beam.Beams} length_penalty {beam.LengthPenalty}"));
        if (request.Choice.Model.Adapter is { } adapter)
            settings.Add("adapter", $"{adapter}{(request.Choice.Model.MergeAdapter ? " merged" : "")}");
        return settings;
    }
}
