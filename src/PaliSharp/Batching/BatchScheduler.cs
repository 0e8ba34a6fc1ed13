using PaliSharp.Models;

namespace PaliSharp.Batching;

/// <summary>The limits of a running batch.</summary>
/// <param name="MaxRows">The most sequences together.</param>
/// <param name="MaxWaiting">The most items that wait.</param>
/// <param name="KvBytes">The most bytes of keys and values.</param>
/// <param name="MultiplyAddsPerTurn">See <see cref="PaliGemmaOptions.MultiplyAddsPerTurn"/>.</param>
internal sealed record BatchLimits(int MaxRows, int MaxWaiting, long KvBytes, long MultiplyAddsPerTurn);

/// <summary>
/// Lets items into the one running batch of a model, first come, first served, within its limits, and takes the batch on: on a thread of its own
/// that starts with the first item and ends when nothing has been asked for a while.
/// </summary>
internal sealed class BatchScheduler : IDisposable
{
    // From so many rows on, a pass computes about as much per row as a larger one.
    private const int EfficientRows = 256;
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(2);

    private readonly object _gate = new();
    private readonly LinkedList<BatchItem> _waiting = new();
    private readonly BatchLimits _limits;
    private readonly RunningBatch _batch;
    private readonly PaliGemmaModel _model;
    private readonly PictureStore _store;
    private readonly BatchPace _pace;
    private readonly TaskCompletionSource _idleAfterClose = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action? _beforeTurn;
    private Thread? _thread;
    private bool _awake;
    private bool _closed;

    /// <summary>Prepares an empty batch.</summary>
    /// <param name="model">The model.</param>
    /// <param name="preparation">Resizes pictures.</param>
    /// <param name="store">Keeps encoded pictures.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="clock">Tells the time.</param>
    /// <param name="beforeTurn">Called on the batch's thread before each turn; null outside tests.</param>
    public BatchScheduler(
        PaliGemmaModel model, PicturePreparation preparation, PictureStore store, BatchLimits limits, TimeProvider clock, Action? beforeTurn = null)
    {
        _limits = limits;
        _model = model;
        _store = store;
        _pace = new BatchPace(limits.MaxRows);
        _beforeTurn = beforeTurn;
        Clock = clock;
        _batch = new RunningBatch(model, preparation, store, limits, Counters, _pace);
    }

    /// <summary>Tells the time.</summary>
    public TimeProvider Clock { get; }

    /// <summary>What has happened so far.</summary>
    public BatchCounters Counters { get; } = new();

    /// <summary>The items in the batch, and those of them that are being written.</summary>
    public (int Running, int Decoding, long KvBytes) Load => (_batch.Count, _batch.Decoding, _batch.KvBytes);

    /// <summary>The items that wait.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
                return _waiting.Count;
        }
    }

    /// <summary>Puts an item in the queue.</summary>
    /// <param name="item">The item.</param>
    /// <param name="cancellationToken">Gives it up, at any stage and at once.</param>
    /// <exception cref="QueueFullException">As many items wait as may.</exception>
    /// <exception cref="ResourceLimitException">The item would not fit the limits if it were alone.</exception>
    /// <exception cref="ObjectDisposedException">Nothing is accepted any more.</exception>
    public Task<T> Enqueue<T>(BatchItem<T> item, CancellationToken cancellationToken) => EnqueueAll([item], cancellationToken)[0];

    /// <summary>
    /// Puts items in the queue, all at once: if the batch is idle, which of them meet in which step depends on them alone. They are accepted or
    /// refused together, and may exceed the limit of the queue if there is room for the first.
    /// </summary>
    /// <param name="items">The items.</param>
    /// <param name="cancellationToken">Gives them up, at any stage and at once.</param>
    /// <exception cref="QueueFullException">As many items wait as may.</exception>
    /// <exception cref="ResourceLimitException">An item would not fit the limits if it were alone.</exception>
    /// <exception cref="ObjectDisposedException">Nothing is accepted any more.</exception>
    public Task<T>[] EnqueueAll<T>(IReadOnlyList<BatchItem<T>> items, CancellationToken cancellationToken)
    {
        foreach (BatchItem<T> item in items)
            CheckSize(item);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            CheckRoom();
            foreach (BatchItem<T> item in items)
                _waiting.AddLast(item);
            _awake = true;
            Monitor.PulseAll(_gate);
            _thread ??= Start();
        }

        var outcomes = new Task<T>[items.Count];
        for (int i = 0; i < outcomes.Length; i++)
        {
            items[i].Watch(GiveUp, cancellationToken);
            outcomes[i] = items[i].Outcome;
        }

        return outcomes;
    }

    /// <summary>Accepts nothing more; the task ends when all that was accepted is done.</summary>
    public Task CloseAsync()
    {
        lock (_gate)
        {
            _closed = true;
            if (_thread is null)
                _idleAfterClose.TrySetResult();
            Monitor.PulseAll(_gate);
        }

        return _idleAfterClose.Task;
    }

    /// <summary>Accepts nothing more, refuses what waits, lets the batch end, and frees the pictures.</summary>
    /// <exception cref="InvalidOperationException">Called by something the batch is calling.</exception>
    public void Dispose()
    {
        List<BatchItem> refused;
        Thread? thread;
        lock (_gate)
        {
            if (_thread == Thread.CurrentThread)
                throw new InvalidOperationException("A model cannot be disposed by a callback of its own.");
            refused = [.. _waiting];
            _waiting.Clear();
            thread = _thread;
            _ = CloseAsync();
        }

        foreach (BatchItem item in refused)
            item.Fail(Closed());
        thread?.Join();
        _store.Close();
    }

    private static ObjectDisposedException Closed() => new(nameof(PaliGemma), "The model is shutting down and accepts no further requests.");

    private void CheckSize(BatchItem item)
    {
        if (item.KvBytes > _limits.KvBytes)
        {
            throw new ResourceLimitException(
                $"The request needs {item.KvBytes:n0} bytes for keys and values, but {_limits.KvBytes:n0} are allowed. "
                + "Ask for fewer tokens or beams, give fewer pictures, or raise KvCacheBytes.");
        }
    }

    private void CheckRoom()
    {
        if (_closed)
            throw Closed();
        if (_waiting.Count < _limits.MaxWaiting)
            return;
        Counters.AddRefused();
        throw new QueueFullException(_waiting.Count, _pace.TimeFor(_waiting.Count));
    }

    private Thread Start()
    {
        var thread = new Thread(Run) { IsBackground = true, Name = "PaliSharp batch" };
        thread.Start();
        return thread;
    }

    private void Run()
    {
        while (true)
        {
            bool progressed;
            try
            {
                _beforeTurn?.Invoke();
                Admit();
                progressed = _batch.TakeTurn();
            }
            catch (Exception exception) // what is not an item's own error must not leave callers waiting for ever
            {
                _batch.FailAll(exception);
                progressed = true;
            }

            if (!progressed && !AwaitWork())
                return;
        }
    }

    /// <summary>Gives places to those who wait, strictly in order: a large item is not overtaken for ever by small ones.</summary>
    private void Admit()
    {
        lock (_gate)
        {
            if (IsGathering())
                return;
        }

        while (NextFitting() is { } item)
            _batch.Add(item);
    }

    private BatchItem? NextFitting()
    {
        lock (_gate)
        {
            if (_waiting.First is not { Value: var item } || !Fits(item))
                return null;
            _waiting.RemoveFirst();
            return item;
        }
    }

    /// <summary>
    /// Whether a full batch is left to free a few more places first: short prompts that come in one by one would each cost a pass of their own,
    /// most of it overhead. Long ones fill a pass alone, and where there is room for everybody nobody waits.
    /// </summary>
    private bool IsGathering()
    {
        int free = _limits.MaxRows - _batch.Rows;
        return _waiting.Count > free && 2 * free < _limits.MaxRows && (long)free * _model.Config.ImageTokens < EfficientRows;
    }

    private bool Fits(BatchItem item) =>
        _batch.Count == 0 || (_batch.Rows + item.Rows <= _limits.MaxRows && _batch.KvBytes + item.KvBytes <= _limits.KvBytes);

    /// <summary>Sleeps until there is something to do.</summary>
    /// <returns>False if the thread is to end.</returns>
    private bool AwaitWork()
    {
        lock (_gate)
        {
            while (!_awake)
            {
                if (_waiting.Count > 0 || _batch.Count > 0)
                {
                    Monitor.Wait(_gate);
                    continue;
                }

                if (!_closed && Monitor.Wait(_gate, IdleTime))
                    continue;
                if (_awake)
                    break;
                _thread = null;
                if (_closed)
                    _idleAfterClose.TrySetResult();
                return false;
            }

            _awake = false;
            return true;
        }
    }

    private void GiveUp(BatchItem item)
    {
        lock (_gate)
        {
            _waiting.Remove(item);
            _awake = true;
            Monitor.PulseAll(_gate);
        }
    }
}
