namespace PaliSharp.Tensors.Cpu.MatMul;

/// <summary>
/// Divides units into blocks for threads that take the next one as they become free: large ones first, as long as the caches allow, then
/// ever smaller ones, so that the threads end together although some are slower or were interrupted.
/// </summary>
internal readonly struct GuidedBlocks
{
    private readonly int _units;
    private readonly int _largest;
    private readonly int _smallest;
    private readonly int _divisor;
    private readonly int _tasksPerBlock;

    /// <summary>Plans the blocks.</summary>
    /// <param name="units">What is divided, at least 0.</param>
    /// <param name="largest">The largest block, at least 1.</param>
    /// <param name="smallest">The smallest worth handing out, 1 to <paramref name="largest"/>.</param>
    /// <param name="threads">Who shares the blocks; one alone gets large ones only.</param>
    /// <param name="tasksPerBlock">The tasks that each block makes, at least 1.</param>
    public GuidedBlocks(int units, int largest, int smallest, int threads, int tasksPerBlock)
    {
        _units = units;
        _largest = largest;
        _smallest = smallest;
        _divisor = threads == 1 ? 0 : 2 * threads; // half of what would be each thread's share of the rest
        _tasksPerBlock = tasksPerBlock;
        int count = 0;
        for (int start = 0; start < units; start += Length(start))
            count++;
        Count = count;
    }

    /// <summary>The number of blocks.</summary>
    public int Count { get; }

    /// <summary>The units of a block.</summary>
    /// <param name="block">0 to <see cref="Count"/> − 1.</param>
    public (int Start, int End) Range(int block)
    {
        int start = 0;
        for (; block > 0; block--)
            start += Length(start);
        return (start, start + Length(start));
    }

    private int Length(int start)
    {
        int rest = _units - start;
        long share = _divisor == 0 ? rest : ((long)rest * _tasksPerBlock + _divisor - 1) / _divisor;
        return (int)Math.Min(rest, Math.Clamp(share, _smallest, _largest));
    }
}
