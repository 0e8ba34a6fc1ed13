using PaliSharp.Imaging;
using PaliSharp.Tensors;

namespace PaliSharp.Batching;

/// <summary>Something to be done by the model: it waits for its place in the batch, then for its pictures, then takes part.</summary>
/// <param name="images">The pictures it needs encoded, in order.</param>
/// <param name="rows">The sequences it takes in the batch at most.</param>
/// <param name="kvBytes">The bytes of keys and values it takes at most.</param>
/// <param name="clock">Tells the time.</param>
internal abstract class BatchItem(IReadOnlyList<Image> images, int rows, long kvBytes, TimeProvider clock)
{
    private readonly long _submitted = clock.GetTimestamp();
    private long _admitted;
    private long _encoded;
    private long _prefilled;

    public IReadOnlyList<Image> Images { get; } = images;

    /// <summary>Tells the time.</summary>
    protected TimeProvider Clock => clock;

    public int Rows { get; } = rows;

    public long KvBytes { get; } = kvBytes;

    /// <summary>The time the item has from the moment it is put into the queue; null for no limit.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The encoded pictures, one for each image, once the item has its place.</summary>
    public EncodedPicture?[] Pictures { get; } = new EncodedPicture?[images.Count];

    /// <summary>The projected rows of the pictures, all of which are encoded.</summary>
    protected RowRun[] PictureRows() => Array.ConvertAll(Pictures, picture => new RowRun(picture!.Rows));

    /// <summary>Whether the caller has an outcome: an answer, an error, or it gave up. What remains is to clear away.</summary>
    public abstract bool IsOver { get; }

    /// <summary>Whether the outcome is a result.</summary>
    public abstract bool Succeeded { get; }

    /// <summary>Ends the item with an error, unless it is over.</summary>
    public abstract void Fail(Exception exception);

    /// <summary>Frees what the item holds of the model's memory.</summary>
    public virtual void Release()
    {
    }

    public void NoteAdmitted() => _admitted = clock.GetTimestamp();

    public void NoteEncoded() => _encoded = clock.GetTimestamp();

    public void NotePrefilled() => _prefilled = clock.GetTimestamp();

    /// <summary>How long the item has had its place.</summary>
    public TimeSpan ServiceTime() => clock.GetElapsedTime(_admitted);

    /// <summary>Where the time went, the last stage ending now.</summary>
    public Generation.GenerationTimings Timings() => new(
        clock.GetElapsedTime(_submitted, _admitted),
        clock.GetElapsedTime(_admitted, _encoded),
        clock.GetElapsedTime(_encoded, _prefilled),
        clock.GetElapsedTime(_prefilled));
}

/// <summary>An item with a result.</summary>
/// <typeparam name="T">What the caller gets.</typeparam>
internal abstract class BatchItem<T>(IReadOnlyList<Image> images, int rows, long kvBytes, TimeProvider clock, BatchCounters counters)
    : BatchItem(images, rows, kvBytes, clock)
{
    private readonly TaskCompletionSource<T> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenRegistration _cancellation;
    private ITimer? _timer;

    /// <summary>What the caller waits for.</summary>
    public Task<T> Outcome => _outcome.Task;

    public override bool IsOver => _outcome.Task.IsCompleted;

    public override bool Succeeded => _outcome.Task.IsCompletedSuccessfully;

    /// <summary>Lets the caller give up, or run out of time, at any moment: the outcome is there at once, whatever the model is doing.</summary>
    /// <param name="onGivenUp">Told when that happens.</param>
    /// <param name="cancellationToken">The caller's.</param>
    public void Watch(Action<BatchItem> onGivenUp, CancellationToken cancellationToken)
    {
        if (Timeout is { } limit)
            _timer = Clock.CreateTimer(_ => RunOut(limit), null, limit, System.Threading.Timeout.InfiniteTimeSpan);
        _cancellation = cancellationToken.Register(Cancel);
        if (IsOver)
            StopWatching(); // it ended before these could be seen

        void RunOut(TimeSpan limit)
        {
            Fail(new RequestTimeoutException(limit));
            onGivenUp(this);
        }

        void Cancel()
        {
            if (_outcome.TrySetCanceled(cancellationToken))
            {
                counters.AddCancelled();
                StopWatching();
            }

            onGivenUp(this);
        }
    }

    public override void Fail(Exception exception)
    {
        if (!_outcome.TrySetException(exception))
            return;
        counters.AddFailed();
        StopWatching();
    }

    protected void Succeed(T result)
    {
        if (!_outcome.TrySetResult(result))
            return;
        counters.AddCompleted();
        StopWatching();
    }

    private void StopWatching()
    {
        _timer?.Dispose();

        // Not Dispose, which would wait for a cancellation that is just being carried out.
        _cancellation.Unregister();
    }
}
