using System.Runtime.CompilerServices;

namespace PaliSharp.Tensors.Cpu;

/// <summary>The limits of <see cref="JoinedJobs{TJob}"/>.</summary>
internal static class JoinedJobs
{
    /// <summary>The most jobs: queries, keys and values.</summary>
    public const int Most = 3;
}

/// <summary>
/// A few jobs of one kind, run as one: threads that have nothing left to do in the first go on with the second, instead of waiting for
/// its last part.
/// </summary>
internal struct JoinedJobs<TJob> : IParallelJob
    where TJob : struct, IParallelJob
{
    private Jobs _jobs;
    private Ends _ends;
    private int _count;

    /// <summary>The parts of all jobs.</summary>
    public readonly int Parts => _count == 0 ? 0 : _ends[_count - 1];

    /// <summary>Puts a job behind those there are.</summary>
    /// <param name="job">The job.</param>
    /// <param name="parts">Its parts, at least 0.</param>
    public void Add(in TJob job, int parts)
    {
        int end = checked(Parts + parts);
        _jobs[_count] = job;
        _ends[_count++] = end;
    }

    /// <inheritdoc/>
    public readonly void Execute(int part)
    {
        int job = 0;
        while (part >= _ends[job])
            job++;
        _jobs[job].Execute(job == 0 ? part : part - _ends[job - 1]);
    }

    [InlineArray(JoinedJobs.Most)]
    private struct Jobs
    {
        private TJob _first;
    }

    [InlineArray(JoinedJobs.Most)]
    private struct Ends
    {
        private int _first;
    }
}
