using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace PaliSharp.Tensors.Cpu;

/// <summary>Work that splits into numbered parts, run by a <see cref="ThreadTeam"/>.</summary>
internal interface IParallelJob
{
    /// <summary>Does one part. Parts run at the same time on different threads, each exactly once.</summary>
    /// <param name="part">0 to parts − 1.</param>
    void Execute(int part);
}

/// <summary>The threads that share the work of one operation: created once, idle between operations. One operation runs at a time.</summary>
/// <remarks>
/// A token of text takes hundreds of small operations, so handing one out must cost about a microsecond. Parts are handed out by one
/// word, <see cref="Counters.Ticket"/>: the number of the run and the parts not yet taken. A worker that takes a part by
/// compare-and-swap thereby knows that the run is alive until that part is done, so it may read the job; one that comes late
/// finds no parts and touches nothing. Idle workers watch the word for <see cref="SpinMicroseconds"/>, which bridges the gap
/// between the operations of a token, then sleep: a team never burns more than that beside other processes. For the same reason
/// the caller, having nothing left to take, watches for a while and then sleeps until the last part is done.
/// </remarks>
public sealed unsafe class ThreadTeam : IDisposable
{
    private const int MaximumSize = 1024;
    private const int SpinMicroseconds = 50;
    private const int PausesPerLook = 10;

    [ThreadStatic]
    private static bool s_insidePart;

    private readonly Thread[] _workers;
    private readonly Lock _running = new();
    private readonly object _workersGate = new();
    private readonly object _callerGate = new();
    private readonly long _spinTicks;
    private delegate*<void*, int, void> _execute;
    private void* _job;
    private Exception? _failure;
    private volatile bool _stop;
    private Counters _counters;

    /// <summary>Starts the team.</summary>
    /// <param name="threads">
    /// Its size, the calling thread included, at most 1,024; 0 for one per physical core the process may use, within its quota of processor time.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The size is negative or too large.</exception>
    public ThreadTeam(int threads = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threads, MaximumSize);
        Size = threads == 0 ? Math.Min(ProcessorTopology.UsableCores(), MaximumSize) : threads;

        // With more threads than processors, a spinning one only keeps another from working.
        _spinTicks = Size > Environment.ProcessorCount ? 0 : Stopwatch.Frequency * SpinMicroseconds / 1_000_000;
        _workers = new Thread[Size - 1];
        for (int i = 0; i < _workers.Length; i++)
        {
            _workers[i] = new Thread(Work) { IsBackground = true, Name = $"PaliSharp {i + 1}" };
            _workers[i].Start();
        }
    }

    /// <summary>The number of threads, the calling one included.</summary>
    public int Size { get; }

    /// <summary>Waits for a run in progress, then ends the threads.</summary>
    /// <exception cref="InvalidOperationException">Called by the work the team is doing.</exception>
    public void Dispose()
    {
        if (s_insidePart)
            throw new InvalidOperationException("A thread team cannot be disposed by a part of its own work.");
        lock (_running)
        {
            _stop = true;
            lock (_workersGate)
                Monitor.PulseAll(_workersGate);
        }

        foreach (Thread worker in _workers)
            worker.Join();
    }

    /// <summary>
    /// Runs all parts of a job and returns when the last has ended. Allocates nothing. Runs from several threads follow one another;
    /// a run started by a part of another is done by the thread that starts it.
    /// </summary>
    /// <param name="job">The work. Must live on the caller's stack: other threads use its address.</param>
    /// <param name="parts">The number of parts; threads take the next one as they become free.</param>
    /// <exception cref="ObjectDisposedException">The team is gone.</exception>
    /// <remarks>If parts throw, parts not yet begun are dropped and the first exception is thrown again here.</remarks>
    internal void Run<TJob>(ref TJob job, int parts)
        where TJob : struct, IParallelJob
    {
        ObjectDisposedException.ThrowIf(_stop, this);
        if (parts <= 1 || _workers.Length == 0 || s_insidePart)
        {
            for (int part = 0; part < parts; part++)
                job.Execute(part);
            return;
        }

        lock (_running)
        {
            ObjectDisposedException.ThrowIf(_stop, this);
            _execute = &Invoke<TJob>;
            _job = Unsafe.AsPointer(ref job);
            _failure = null;
            _counters.Parts = parts;
            Volatile.Write(ref _counters.Pending, parts);

            // The exchange is a full fence: either a worker about to sleep sees the parts, or this thread sees it among the sleepers.
            _counters.Run++;
            Interlocked.Exchange(ref _counters.Ticket, ((long)_counters.Run << 32) | (uint)parts);
            WakeWorkers(parts - 1);
            TakeParts();
            AwaitLastPart();
            if (_failure is { } failure)
            {
                _failure = null;
                ExceptionDispatchInfo.Throw(failure);
            }
        }
    }

    private static void Invoke<TJob>(void* job, int part)
        where TJob : struct, IParallelJob => Unsafe.AsRef<TJob>(job).Execute(part);

    private void WakeWorkers(int wanted)
    {
        if (Volatile.Read(ref _counters.Sleepers) == 0)
            return;
        lock (_workersGate)
        {
            for (int i = Math.Min(wanted, _counters.Sleepers); i > 0; i--)
                Monitor.Pulse(_workersGate);
        }
    }

    private void Work()
    {
        while (!_stop)
        {
            TakeParts();
            if (!SpinUntilWork())
                SleepUntilWork();
        }
    }

    private bool SpinUntilWork()
    {
        if (_spinTicks == 0)
            return false;
        long end = Stopwatch.GetTimestamp() + _spinTicks;
        do
        {
            if (HasWork())
                return true;
            Thread.SpinWait(PausesPerLook);
        }
        while (Stopwatch.GetTimestamp() < end);
        return false;
    }

    private void SleepUntilWork()
    {
        lock (_workersGate)
        {
            Interlocked.Increment(ref _counters.Sleepers);
            while (!HasWork())
                Monitor.Wait(_workersGate);
            Interlocked.Decrement(ref _counters.Sleepers);
        }
    }

    private bool HasWork() => _stop || (uint)Volatile.Read(ref _counters.Ticket) != 0;

    private void TakeParts()
    {
        long ticket = Volatile.Read(ref _counters.Ticket);
        while ((uint)ticket != 0)
        {
            long seen = Interlocked.CompareExchange(ref _counters.Ticket, ticket - 1, ticket);
            if (seen != ticket)
            {
                ticket = seen;
                continue;
            }

            ExecutePart(_counters.Parts - (int)(uint)ticket);
            ticket = Volatile.Read(ref _counters.Ticket);
        }
    }

    private void ExecutePart(int part)
    {
        if (Volatile.Read(ref _failure) is null)
        {
            s_insidePart = true;
            try
            {
                _execute(_job, part);
            }
            catch (Exception exception) // Run throws it again on the calling thread
            {
                Interlocked.CompareExchange(ref _failure, exception, null);
            }
            finally
            {
                s_insidePart = false;
            }
        }

        // The decrement is a full fence: either the caller about to sleep sees the zero, or this thread sees that it sleeps.
        if (Interlocked.Decrement(ref _counters.Pending) == 0 && Volatile.Read(ref _counters.CallerSleeps) != 0)
        {
            lock (_callerGate)
                Monitor.Pulse(_callerGate);
        }
    }

    private void AwaitLastPart()
    {
        long end = Stopwatch.GetTimestamp() + _spinTicks;
        while (Volatile.Read(ref _counters.Pending) != 0)
        {
            if (Stopwatch.GetTimestamp() < end)
                Thread.SpinWait(PausesPerLook);
            else
                SleepUntilLastPart();
        }
    }

    private void SleepUntilLastPart()
    {
        lock (_callerGate)
        {
            Interlocked.Exchange(ref _counters.CallerSleeps, 1);
            while (Volatile.Read(ref _counters.Pending) != 0)
                Monitor.Wait(_callerGate);
            Volatile.Write(ref _counters.CallerSleeps, 0);
        }
    }

    /// <summary>The words threads contend for, each in cache lines of its own (two, as they are fetched in pairs).</summary>
    [StructLayout(LayoutKind.Explicit, Size = 640)]
    private struct Counters
    {
        /// <summary>The parts of the current run; read only while one of them is pending.</summary>
        [FieldOffset(128)]
        public int Parts;

        /// <summary>The number of the current run, written by callers only.</summary>
        [FieldOffset(132)]
        public int Run;

        /// <summary>Upper half: the number of the run, so that an old word never compares equal. Lower half: the parts not yet taken.</summary>
        [FieldOffset(256)]
        public long Ticket;

        /// <summary>The parts not yet done.</summary>
        [FieldOffset(384)]
        public int Pending;

        /// <summary>Not zero while the caller sleeps.</summary>
        [FieldOffset(388)]
        public int CallerSleeps;

        /// <summary>The workers asleep.</summary>
        [FieldOffset(512)]
        public int Sleepers;
    }
}
