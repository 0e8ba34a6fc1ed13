namespace PaliSharp.Server.Hosting;

/// <summary>Work that is of use as a whole only.</summary>
internal static class AllOrNone
{
    /// <summary>Does work on all items at once; if one fails, the others are stopped.</summary>
    /// <param name="items">The items.</param>
    /// <param name="work">What is done with each.</param>
    /// <param name="cancellationToken">Stops all.</param>
    /// <returns>One result for each item, in order.</returns>
    public static async Task<TResult[]> RunAsync<TItem, TResult>(
        IReadOnlyList<TItem> items, Func<TItem, CancellationToken, Task<TResult>> work, CancellationToken cancellationToken)
    {
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Exception? first = null;
        Task<TResult>[] tasks = [.. items.Select(DoAsync)];
        try
        {
            return await Task.WhenAll(tasks);
        }
        catch when (first is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
            throw;
        }

        async Task<TResult> DoAsync(TItem item)
        {
            try
            {
                return await work(item, failed.Token);
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref first, exception, null);
                await failed.CancelAsync();
                throw;
            }
        }
    }
}
