using System.Runtime.ExceptionServices;
using PaliSharp.Batching;
using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Cli.Output;
using PaliSharp.Imaging;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Commands;

/// <summary>A task for pictures, each on its own.</summary>
/// <param name="Task">Makes the task, knowing the model.</param>
/// <param name="Pictures">The pictures.</param>
/// <param name="Choice">The model, how it answers, how the answer is shown.</param>
/// <typeparam name="TResult">The kind of result.</typeparam>
internal sealed record TaskRequest<TResult>(Func<PaliGemma, VisionTask<TResult>> Task, IReadOnlyList<PictureInput> Pictures, AnswerChoice Choice)
    where TResult : ITaskResult
{
    /// <summary>How a picture is answered where that takes more than the task; null for the task alone.</summary>
    public Func<PaliGemma, Image, CancellationToken, Task<TResult>>? Answer { get; init; }
}

/// <summary>What all verbs do that give every picture a task: all join one running batch, results are shown in order, an error is its picture's alone.</summary>
/// <typeparam name="TResult">The kind of result.</typeparam>
internal sealed class TaskVerb<TResult>(CliHost host, TaskRequest<TResult> request, ResultView<TResult> view)
    where TResult : ITaskResult
{
    private readonly ProgressDisplay _progress = new(host, request.Choice.Output);

    /// <summary>Loads the model and answers for all pictures.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using PaliGemma model = await LoadedModel.LoadAsync(host, request.Choice, _progress);
        return await RunAsync(model, cancellationToken);
    }

    /// <summary>Answers for all pictures.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(PaliGemma model, CancellationToken cancellationToken)
    {
        VisionTask<TResult> task = request.Task(model);
        int done = 0;
        int failures = 0;
        await using IAsyncEnumerator<BatchItemResult<PictureInput, (Image Image, TResult Result)>> items = model
            .RunAsync(request.Pictures, AnswerAsync, new BatchRunOptions { InOrder = true }, cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        while (await _progress.SpinAsync(
            request.Pictures.Count == 1 ? "Looking" : $"Picture {done + 1} of {request.Pictures.Count}", () => items.MoveNextAsync().AsTask()))
        {
            done++;
            if (items.Current.Error is not { } error)
            {
                view.Write(items.Current.Item, items.Current.Result.Image, items.Current.Result.Result);
                continue;
            }

            if (error is not (PaliSharpException or IOException or UnauthorizedAccessException))
                ExceptionDispatchInfo.Throw(error);
            host.TellError($"{items.Current.Item.Name}: {error.Message}");
            failures++;
        }

        view.Complete();
        return failures == 0 ? ExitCode.Success : ExitCode.Failure;

        async Task<(Image Image, TResult Result)> AnswerAsync(PictureInput picture, CancellationToken token)
        {
            Image image = picture.Read(host);
            return (image, await (request.Answer?.Invoke(model, image, token) ?? model.RunAsync(image, task, token)));
        }
    }
}
