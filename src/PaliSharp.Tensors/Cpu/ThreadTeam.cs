using System.Runtime.CompilerServices;

namespace PaliSharp.Tensors.Cpu;

/// <summary>Work that splits into numbered parts, run by a <see cref="ThreadTeam"/>.</summary>
internal interface IParallelJob
{
    /// <summary>Does one part. Parts run at the same time on different threads, each exactly once.</summary>
    /// <param name="part">0 to parts − 1.</param>
    void Execute(int part);
}

/// <summary>The threads that share the work of one operation: created once, idle between operations. One operation runs at a time.</summary>
public sealed unsafe class ThreadTeam : IDisposable
{
    private readonly Thread[] _workers;
    private readonly SemaphoreSlim _start = new(0);
    private readonly Lock _running = new();
    private delegate*<void*, int, void> _execute;
    private void* _job;
    private int _parts;
    private int _nextPart;
    private int _pending;
    private volatile bool _stop;
    private volatile Exception? _failure;

    /// <summary>Starts the team.</summary>
    /// <param name="threads">Its size, the calling thread included; 0 for one per processor the process may use.</param>
    public ThreadTeam(int threads = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        Size = threads == 0 ? Environment.ProcessorCount : threads;
        _workers = new Thread[Size - 1];
        for (int i = 0; i < _workers.Length; i++)
        {
            _workers[i] = new Thread(Work) { IsBackground = true, Name = $"PaliSharp {i + 1}" };
            _workers[i].Start();
        }
    }

    /// <summary>The number of threads, the calling one included.</summary>
    public int Size { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop = true;
        _start.Release(Math.Max(1, _workers.Length));
        foreach (Thread worker in _workers)
            worker.Join();
        _start.Dispose();
    }

    /// <summary>Runs all parts of a job and returns when the last has ended. Allocates nothing.</summary>
    /// <param name="job">The work; lives on the caller's stack.</param>
    /// <param name="parts">The number of parts; threads take the next one as they become free.</param>
    internal void Run<TJob>(ref TJob job, int parts)
        where TJob : struct, IParallelJob
    {
        if (Size == 1 || parts <= 1)
        {
            for (int part = 0; part < parts; part++)
                job.Execute(part);
            return;
        }

        lock (_running)
        {
            _execute = &Invoke<TJob>;
            _job = Unsafe.AsPointer(ref job); // the caller's stack frame outlives the run
            _parts = parts;
            _nextPart = 0;
            _failure = null;
            Volatile.Write(ref _pending, _workers.Length);
            _start.Release(_workers.Length);
            TakeParts();
            var spin = default(SpinWait);
            while (Volatile.Read(ref _pending) != 0)
                spin.SpinOnce(-1);
            if (_failure is { } failure)
                throw new InvalidOperationException($"A part of a parallel operation failed: {failure.Message}", failure);
        }
    }

    private static void Invoke<TJob>(void* job, int part)
        where TJob : struct, IParallelJob => Unsafe.AsRef<TJob>(job).Execute(part);

    private void Work()
    {
        while (true)
        {
            _start.Wait();
            if (_stop)
                return;
            TakeParts();
            Interlocked.Decrement(ref _pending);
        }
    }

    private void TakeParts()
    {
        try
        {
            for (int part = Interlocked.Increment(ref _nextPart) - 1; part < _parts; part = Interlocked.Increment(ref _nextPart) - 1)
                _execute(_job, part);
        }
        catch (Exception exception) // rethrown on the calling thread by Run
        {
            _failure = exception;
        }
    }
}
