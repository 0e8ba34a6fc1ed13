using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace PaliSharp.Batching;

/// <summary>
/// Works through a source of any length: so many items at once, the source read no further ahead than that, an error kept to its item.
/// </summary>
/// <param name="work">What is done with an item.</param>
/// <param name="concurrency">How many items are under way or finished and not yet taken.</param>
/// <typeparam name="TItem">What is worked on.</typeparam>
/// <typeparam name="TResult">What comes out.</typeparam>
internal sealed class BatchRun<TItem, TResult>(Func<TItem, CancellationToken, Task<TResult>> work, int concurrency)
{
    /// <summary>Results as they finish.</summary>
    public async IAsyncEnumerable<BatchItemResult<TItem, TResult>> AsFinished(
        IAsyncEnumerable<TItem> source, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var places = new SemaphoreSlim(concurrency);
        Channel<BatchItemResult<TItem, TResult>> results = Channel.CreateUnbounded<BatchItemResult<TItem, TResult>>();
        Task reading = Task.Run(() => ReadAsync(source, places, WriteAsync, results.Writer.Complete, abandoned.Token), CancellationToken.None);
        try
        {
            await foreach (BatchItemResult<TItem, TResult> result in results.Reader.ReadAllAsync(cancellationToken))
            {
                yield return result;
                places.Release();
            }
        }
        finally
        {
            await abandoned.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task WriteAsync(long index, TItem item) =>
            results.Writer.TryWrite(await DoAsync(index, item, abandoned.Token));
    }

    /// <summary>Results in the order of the items.</summary>
    public async IAsyncEnumerable<BatchItemResult<TItem, TResult>> InOrder(
        IAsyncEnumerable<TItem> source, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var places = new SemaphoreSlim(concurrency);
        Channel<Task<BatchItemResult<TItem, TResult>>> results = Channel.CreateUnbounded<Task<BatchItemResult<TItem, TResult>>>();
        Task reading = Task.Run(() => ReadAsync(source, places, Start, results.Writer.Complete, abandoned.Token), CancellationToken.None);
        try
        {
            await foreach (Task<BatchItemResult<TItem, TResult>> result in results.Reader.ReadAllAsync(cancellationToken))
            {
                yield return await result;
                places.Release();
            }
        }
        finally
        {
            await abandoned.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Task Start(long index, TItem item)
        {
            Task<BatchItemResult<TItem, TResult>> result = DoAsync(index, item, abandoned.Token);
            results.Writer.TryWrite(result);
            return result;
        }
    }

    /// <summary>Reads the source, one item for each free place, and waits in the end for all that was started.</summary>
    private static async Task ReadAsync(
        IAsyncEnumerable<TItem> source, SemaphoreSlim places, Func<long, TItem, Task> start, Action<Exception?> complete, CancellationToken cancellationToken)
    {
        var running = new List<Task>();
        Exception? failure = null;
        try
        {
            await using IAsyncEnumerator<TItem> items = source.GetAsyncEnumerator(cancellationToken);
            for (long index = 0; ; index++)
            {
                await places.WaitAsync(cancellationToken);
                if (!await items.MoveNextAsync())
                    break;
                running.RemoveAll(task => task.IsCompleted);
                running.Add(start(index, items.Current));
            }
        }
        catch (Exception exception) // the reader of the results gets it, after those of the items read so far
        {
            failure = exception;
        }

        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        complete(failure);
    }

    private async Task<BatchItemResult<TItem, TResult>> DoAsync(long index, TItem item, CancellationToken cancellationToken)
    {
        try
        {
            TResult result = await Task.Run(() => DoPatientlyAsync(item, cancellationToken), cancellationToken);
            return new BatchItemResult<TItem, TResult>(index, item, result, null);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested) // an item's failure is its result
        {
            return new BatchItemResult<TItem, TResult>(index, item, default, exception);
        }
    }

    /// <summary>A long run gives way to other callers: an item that finds the queue full comes again later.</summary>
    private async Task<TResult> DoPatientlyAsync(TItem item, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await work(item, cancellationToken);
            }
            catch (QueueFullException exception)
            {
                await Task.Delay(exception.RetryAfter, cancellationToken);
            }
        }
    }
}
