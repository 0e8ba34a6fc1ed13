using PaliSharp.Server.Errors;

namespace PaliSharp.Server.Hosting;

/// <summary>Bytes that requests hold together: who asks for more than is free waits, in the order of asking.</summary>
/// <param name="total">The bytes there are.</param>
internal sealed class MemoryBudget(long total)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _waiters = new();
    private long _held;

    /// <summary>The bytes held now.</summary>
    public long Held
    {
        get
        {
            lock (_lock)
                return _held;
        }
    }

    /// <summary>Reserves bytes.</summary>
    /// <param name="bytes">How many, at least 0.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>The reservation; dispose of it to give the bytes back.</returns>
    /// <exception cref="ApiException">There will never be so many.</exception>
    /// <exception cref="OperationCanceledException">Waiting was stopped.</exception>
    public async ValueTask<IDisposable> ReserveAsync(long bytes, CancellationToken cancellationToken)
    {
        if (bytes > total)
            throw ApiException.TooLarge($"The request needs {bytes:N0} bytes of memory at once, the server grants {total:N0}. Send fewer or smaller pictures.");
        Waiter waiter;
        lock (_lock)
        {
            if (_waiters.Count == 0 && bytes <= total - _held)
            {
                _held += bytes;
                return new Reservation(this, bytes);
            }

            waiter = new Waiter(bytes);
            _waiters.AddLast(waiter);
        }

        try
        {
            await waiter.Granted.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            GiveUp(waiter);
            throw;
        }

        return new Reservation(this, bytes);
    }

    private void GiveUp(Waiter waiter)
    {
        lock (_lock)
        {
            if (!_waiters.Remove(waiter))
                _held -= waiter.Bytes; // granted in the meantime
            GrantWaiters();
        }
    }

    private void Release(long bytes)
    {
        lock (_lock)
        {
            _held -= bytes;
            GrantWaiters();
        }
    }

    private void GrantWaiters()
    {
        while (_waiters.First is { Value: var waiter } && waiter.Bytes <= total - _held)
        {
            _held += waiter.Bytes;
            _waiters.RemoveFirst();
            waiter.Granted.SetResult();
        }
    }

    private sealed class Waiter(long bytes)
    {
        public long Bytes => bytes;

        public TaskCompletionSource Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Reservation(MemoryBudget owner, long bytes) : IDisposable
    {
        private int _isReleased;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isReleased, 1) == 0)
                owner.Release(bytes);
        }
    }
}
