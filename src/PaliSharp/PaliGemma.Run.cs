using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Tasks;

namespace PaliSharp;

/// <content>Tasks as data.</content>
public sealed partial class PaliGemma
{
    /// <summary>Does a task with one picture.</summary>
    /// <typeparam name="TResult">The task's result.</typeparam>
    /// <param name="image">The picture.</param>
    /// <param name="task">The task.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <exception cref="PromptException">The task is not possible with this model, this picture or these words.</exception>
    public Task<TResult> RunAsync<TResult>(Image image, VisionTask<TResult> task, CancellationToken cancellationToken = default)
        where TResult : ITaskResult => RunAsync([image], task, cancellationToken);

    /// <summary>Does a task with no, one or several pictures, all of which stand before the text of one prompt.</summary>
    /// <typeparam name="TResult">The task's result.</typeparam>
    /// <param name="images">The pictures, in order.</param>
    /// <param name="task">The task.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <exception cref="PromptException">The task is not possible with this model, these pictures or these words.</exception>
    public async Task<TResult> RunAsync<TResult>(IReadOnlyList<Image> images, VisionTask<TResult> task, CancellationToken cancellationToken = default)
        where TResult : ITaskResult
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(task);
        TaskPlan plan = task.Plan(this, images);
        return (TResult)plan.Read(await GenerateBatchAsync(plan.Requests, cancellationToken));
    }

    /// <summary>Does a task whose kind is known at run time only.</summary>
    /// <param name="item">Pictures and task.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <exception cref="PromptException">The task is not possible with this model, its pictures or its words.</exception>
    public async Task<ITaskResult> RunAsync(TaskItem item, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(item);
        TaskPlan plan = item.Task.Plan(this, item.Images);
        return plan.Read(await GenerateBatchAsync(plan.Requests, cancellationToken));
    }

    /// <summary>Does one task with several pictures apart, computed together.</summary>
    /// <typeparam name="TResult">The task's result.</typeparam>
    /// <param name="images">The pictures.</param>
    /// <param name="task">The task.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>One result for each picture, in order; each is what the picture alone would get.</returns>
    /// <exception cref="PromptException">The task is not possible with this model, a picture or these words.</exception>
    public async Task<IReadOnlyList<TResult>> RunBatchAsync<TResult>(
        IReadOnlyList<Image> images, VisionTask<TResult> task, CancellationToken cancellationToken = default)
        where TResult : ITaskResult
    {
        ArgumentNullException.ThrowIfNull(images);
        IReadOnlyList<ITaskResult> results = await RunBatchAsync([.. images.Select(image => new TaskItem([image], task))], cancellationToken);
        return [.. results.Cast<TResult>()];
    }

    /// <summary>Does any tasks with any pictures, computed together. The first that is not possible fails the call.</summary>
    /// <param name="items">Pictures and tasks.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>One result for each item, in order; each is what the item alone would get.</returns>
    /// <exception cref="PromptException">A task is not possible with this model, its pictures or its words.</exception>
    public async Task<IReadOnlyList<ITaskResult>> RunBatchAsync(IReadOnlyList<TaskItem> items, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(items);
        TaskPlan[] plans = [.. items.Select(item => item.Task.Plan(this, item.Images))];
        IReadOnlyList<GenerationResult> answers = await GenerateBatchAsync([.. plans.SelectMany(plan => plan.Requests)], cancellationToken);
        var readings = new Task<ITaskResult>[plans.Length];
        int next = 0;
        for (int i = 0; i < plans.Length; i++)
        {
            // Side by side: masks take a while to decode.
            TaskPlan plan = plans[i];
            GenerationResult[] own = [.. answers.Skip(next).Take(plan.Requests.Count)];
            readings[i] = Task.Run(() => plan.Read(own), cancellationToken);
            next += own.Length;
        }

        return await Task.WhenAll(readings);
    }
}
