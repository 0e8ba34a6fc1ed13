namespace PaliSharp.Training.Data;

/// <summary>Computes the values of a sequence ahead, on several threads, and hands them out in their order.</summary>
/// <typeparam name="T">The values.</typeparam>
/// <param name="start">Begins the value of a place and returns what computes it; called in order, by the thread that takes.</param>
/// <param name="ahead">The most values computed or waiting, at least 1.</param>
/// <param name="threads">The most values computed at once, at least 1.</param>
internal sealed class OrderedPrefetcher<T>(Func<long, Func<T>> start, int ahead, int threads)
{
    private readonly TaskScheduler _scheduler = new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, threads).ConcurrentScheduler;
    private readonly Queue<Task<T>> _pending = [];
    private long _next;

    /// <summary>Goes to a place; values computed for others are dropped.</summary>
    public void MoveTo(long place)
    {
        // Those still running end by themselves: they touch nothing but their own value.
        _pending.Clear();
        _next = place;
    }

    /// <summary>The value of the place, and on to the next.</summary>
    public T Take()
    {
        while (_pending.Count < ahead)
            _pending.Enqueue(Task.Factory.StartNew(start(_next++), CancellationToken.None, TaskCreationOptions.DenyChildAttach, _scheduler));
        return _pending.Dequeue().GetAwaiter().GetResult();
    }
}
