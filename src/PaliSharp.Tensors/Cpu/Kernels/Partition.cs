namespace PaliSharp.Tensors.Cpu.Kernels;

/// <summary>How the work of an operation is divided over the thread team.</summary>
internal static class Partition
{
    /// <summary>Elements per part below which waking another thread costs more than it saves, for operations bound by memory.</summary>
    public const int StreamingGrain = 32 * 1024;

    /// <summary>The same for operations that compute an exponential or a norm for each element.</summary>
    public const int ArithmeticGrain = 8 * 1024;

    /// <summary>The number of parts for so much work: 1, which runs on the caller, when there is little.</summary>
    /// <param name="team">Who does the work.</param>
    /// <param name="work">Elements to process.</param>
    /// <param name="grain">The least elements worth a part.</param>
    /// <param name="most">The number of units that cannot be divided further.</param>
    public static int Parts(ThreadTeam team, long work, int grain, long most = long.MaxValue) =>
        (int)Math.Max(1, Math.Min(Math.Min(work / grain, most), team.Size));

    /// <summary>The units of one part: parts differ by one granule at most.</summary>
    /// <param name="part">0 to <paramref name="parts"/> − 1.</param>
    /// <param name="parts">The number of parts.</param>
    /// <param name="count">The number of units.</param>
    /// <param name="granule">Boundaries are multiples of it, so that parts do not share cache lines.</param>
    public static (long Start, long End) Range(int part, int parts, long count, int granule = 1)
    {
        long granules = (count + granule - 1) / granule;
        long start = granules * part / parts * granule;
        long end = granules * (part + 1) / parts * granule;
        return (Math.Min(start, count), Math.Min(end, count));
    }
}
