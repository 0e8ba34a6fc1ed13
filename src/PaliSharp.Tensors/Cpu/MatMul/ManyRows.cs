using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Cpu.Kernels;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.MatMul;

/// <summary>
/// Products of many rows, as in prefill and vision, limited by multiply-adds. The vector lanes run along the ROWS of x:
/// a weight is broadcast, so weights need widening but no transposing; x is transposed once, y once.
/// <list type="number">
/// <item>x, up to <see cref="PackedRows"/> rows at a time, is transposed into panels: blocks of <see cref="Depth"/> inner elements, within
/// them panels of two vectors of rows, <c>[element][row]</c>. For 512 rows of 9,216 that is 19 MB: it streams from the L3 cache.</item>
/// <item>Tasks, taken by the threads as they become free, are blocks of outputs by blocks of rows. Through all blocks of the inner
/// dimension a task adds to its sums <c>[output][row]</c> in the L2 cache (192 × 256 × 4 bytes = 192 KiB), having widened
/// the weights of the block into a panel <c>[output][element]</c> (192 × 128 × 4 bytes = 96 KiB, of which a tile uses 6 KiB at a time:
/// with the 16 KiB of its panel of x it stays in the L1 cache). Larger blocks would read x less often but overflow an L2 cache
/// of 512 KiB; half the outputs cost 5 % in waiting for x.</item>
/// <item>The register tile is two vectors of rows by 12 outputs (6 where there are 16 registers): 24 (12) sums, two vectors of x,
/// one broadcast weight. Each step of 24 multiply-adds loads only 14 values.</item>
/// </list>
/// Each block's sums start at zero in registers and are added to the task's sums, which in turn are added to its totals after
/// <see cref="BlocksPerTotal"/> blocks: a chain of rounding errors is at most <see cref="Depth"/> long, whatever the inner length.
/// The order of additions does not depend on how the work is divided.
/// </summary>
internal static unsafe class ManyRows<TSimd, TVector, TElement>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TElement : struct, IWeightElement<TSimd, TVector>
{
    private const int Depth = TileKernels<TSimd, TVector>.Depth;
    private const int BlocksPerTotal = 8;
    private const int PackedRows = 512;
    private const int LargestRowBlock = 256;
    private const int LargestOutputBlock = 192;
    private const int SmallestOutputBlock = 24; // a multiple of both tiles' outputs, as the largest is
    private const int SumPadding = 16; // floats: columns of sums must not fall into one set of the L1 cache
    private const int TasksPerThread = 4;
    private const int LineBytes = 64;
    private const long SmallestTask = 1 << 18; // multiply-adds: some microseconds, well above the cost of handing out a task

    private static int TileOutputs => TileKernels<TSimd, TVector>.Outputs;

    private static int TileRows => 2 * TSimd.Count;

    /// <summary>Computes the product.</summary>
    public static void Multiply(ThreadTeam team, TensorPool pool, in ProductOperands operands)
    {
        int blockRows = EvenBlock(operands.Rows, PackedRows);
        for (int start = 0; start < operands.Rows; start += blockRows)
            MultiplyBlock(team, pool, operands.SliceRows(start, Math.Min(blockRows, operands.Rows - start)));
    }

    private static void MultiplyBlock(ThreadTeam team, TensorPool pool, in ProductOperands operands)
    {
        int paddedRows = RoundUp(operands.Rows, TSimd.Count);
        using Tensor panels = pool.Rent(new TensorShape(operands.Inputs, paddedRows));
        Job job = Divide(operands, pool, team.Size);
        job.Panels = panels.Pointer;
        job.PaddedRows = paddedRows;

        int depthBlocks = (operands.Inputs + Depth - 1) / Depth;
        var pack = new PackJob { Operands = operands, Panels = job.Panels, PaddedRows = paddedRows };
        team.Run(ref pack, depthBlocks);
        team.Run(ref job, job.OutputBlocks * job.RowBlocks);
    }

    /// <summary>Chooses the tasks: as large as the caches allow, but several for each thread where the work is enough.</summary>
    private static Job Divide(in ProductOperands operands, TensorPool pool, int threads)
    {
        int outputTiles = (operands.Outputs + TileOutputs - 1) / TileOutputs;
        int outputBlock = Math.Min(LargestOutputBlock, outputTiles * TileOutputs);
        int rowBlock = EvenBlock(operands.Rows, LargestRowBlock);
        while (true)
        {
            int outputBlocks = (operands.Outputs + outputBlock - 1) / outputBlock;
            int rowBlocks = (operands.Rows + rowBlock - 1) / rowBlock;
            long task = (long)outputBlock * rowBlock * operands.Inputs;
            bool enough = threads == 1 || (long)outputBlocks * rowBlocks >= (long)TasksPerThread * threads || task < 2 * SmallestTask;
            if (!enough && outputBlock >= 2 * SmallestOutputBlock)
            {
                outputBlock /= 2;
            }
            else if (!enough && rowBlock >= 4 * TileRows)
            {
                rowBlock = RoundUp(rowBlock / 2, TileRows);
            }
            else
            {
                // Threads that take equally many equal tasks end together.
                int balanced = Math.Min(RoundUp(outputBlocks, threads), outputTiles);
                return new Job(operands, pool, outputBlocks > 1 ? balanced : 1, rowBlock, rowBlocks);
            }
        }
    }

    /// <summary>The rows of each block when rows are divided evenly into blocks of at most so many.</summary>
    private static int EvenBlock(int rows, int most)
    {
        int blocks = (rows + most - 1) / most;
        return RoundUp((rows + blocks - 1) / blocks, TileRows);
    }

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    /// <summary>Transposes one block of the inner dimension of x into its panels.</summary>
    private struct PackJob : IParallelJob
    {
        public ProductOperands Operands;
        public float* Panels;
        public int PaddedRows;

        public readonly void Execute(int part)
        {
            int start = part * Depth;
            int depth = Math.Min(Depth, Operands.Inputs - start);
            float* panel = Panels + ((nint)start * PaddedRows);
            for (int row = 0; row < PaddedRows; row += TileRows)
            {
                int width = Math.Min(TileRows, PaddedRows - row);
                float* x = Operands.X + ((nint)row * Operands.Inputs) + start;
                Panel.Transpose(x, Operands.Inputs, Math.Min(width, Operands.Rows - row), depth, panel, width);
                panel += depth * width;
            }
        }
    }

    /// <summary>Computes one block of outputs by rows.</summary>
    private struct Job(ProductOperands operands, TensorPool pool, int outputBlocks, int rowBlock, int rowBlocks) : IParallelJob
    {
        public readonly ProductOperands Operands = operands;
        public readonly int OutputBlocks = outputBlocks;
        public readonly int RowBlock = rowBlock;
        public readonly int RowBlocks = rowBlocks;
        public readonly TensorPool Pool = pool;
        public float* Panels;
        public int PaddedRows;

        private readonly nint RowBytes => TElement.RowBytes(Operands.Inputs);

        public readonly void Execute(int part)
        {
            // Neighbouring parts share the weights, which are the farther away.
            (long firstOutput, long end) = Partition.Range(part / RowBlocks, OutputBlocks, Operands.Outputs, TileOutputs);
            int outputs = (int)(end - firstOutput);
            int firstRow = part % RowBlocks * RowBlock;
            int paddedRows = Math.Min(RowBlock, PaddedRows - firstRow);
            int paddedOutputs = RoundUp(outputs, TileOutputs);
            int sumStride = paddedRows + SumPadding;

            using Tensor scratch = Pool.Rent(new TensorShape(paddedOutputs, Depth + (2 * sumStride)));
            float* weights = scratch.Pointer;
            float* sums = weights + (paddedOutputs * Depth);
            MultiplyTask((int)firstOutput, outputs, firstRow, paddedRows, weights, sums, sums + (paddedOutputs * sumStride), sumStride);
            Panel.TransposeTo(
                sums,
                sumStride,
                outputs,
                Math.Min(paddedRows, Operands.Rows - firstRow),
                Operands.Bias == null ? null : Operands.Bias + firstOutput,
                Operands.Y + ((nint)firstRow * Operands.YStride) + firstOutput,
                Operands.YStride);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void MultiplyTask(
            int firstOutput, int outputs, int firstRow, int rows, float* weights, float* sums, float* totals, int sumStride)
        {
            byte* source = (byte*)Operands.Weight + (firstOutput * RowBytes) + TElement.HeadBytes(Operands.Inputs);
            int paddedOutputs = RoundUp(outputs, TileOutputs);
            int count = paddedOutputs * sumStride;
            new Span<float>(sums, count).Clear();
            for (int start = 0; start < Operands.Inputs; start += Depth)
            {
                if (start != 0 && start % (BlocksPerTotal * Depth) == 0)
                {
                    Panel.Add<TSimd, TVector>(sums, totals, count, totals, first: start == BlocksPerTotal * Depth);
                    new Span<float>(sums, count).Clear();
                }

                int depth = Math.Min(Depth, Operands.Inputs - start);
                Panel.Widen<TSimd, TVector, TElement>(source, RowBytes, start, depth, outputs, paddedOutputs, weights, Depth);
                MultiplyBlock(source, weights, outputs, start, firstRow, rows, sums, sumStride);
            }

            if (Operands.Inputs > BlocksPerTotal * Depth)
                Panel.Add<TSimd, TVector>(sums, totals, count, sums, first: false);
        }

        /// <summary>Adds the products of one block of the inner dimension, and asks for what the next panels and the next block will read.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void MultiplyBlock(
            byte* source, float* weights, int outputs, int start, int firstRow, int rows, float* sums, int sumStride)
        {
            int depth = Math.Min(Depth, Operands.Inputs - start);
            int nextDepth = Math.Min(Depth, Operands.Inputs - start - depth);
            float* panel = BlockOfX(start, depth, firstRow);
            float* nextBlock = BlockOfX(start + depth, nextDepth, firstRow);

            // The weights of the next block: a line of each of a group of rows, group after group, then the next line of all.
            const int Lines = TileKernels<TSimd, TVector>.LinesAhead;
            byte* nextWeights = source + TElement.ByteCount(start + depth);
            int groups = (outputs + Lines - 1) / Lines;
            int askingTiles = groups * (int)((TElement.ByteCount(nextDepth) + LineBytes - 1) / LineBytes);
            int tile = 0;
            for (int row = 0; row < rows; row += TileRows)
            {
                int width = Math.Min(TileRows, rows - row);
                bool last = row + width >= rows;
                byte* near = (byte*)(last ? nextBlock : panel + (depth * width));
                byte* nearEnd = near + ((last ? nextDepth : depth) * (nint)Math.Min(TileRows, last ? rows : rows - row - width) * sizeof(float));
                for (int output = 0; output < outputs; output += TileOutputs, tile++, near += Lines * LineBytes)
                {
                    float* w = weights + (output * Depth);
                    float* tileSums = sums + (output * sumStride) + row;
                    if (width < TileRows)
                    {
                        TileKernels<TSimd, TVector>.OneVector(panel, w, depth, tileSums, sumStride);
                        continue;
                    }

                    bool asksX = near < nearEnd;
                    bool asksWeights = tile < askingTiles;
                    (int line, int group) = Math.DivRem(tile, groups);
                    var ahead = new TileAhead(
                        asksX ? near : (byte*)panel,
                        asksX ? LineBytes : 0,
                        asksWeights ? nextWeights + (group * Lines * RowBytes) + (line * LineBytes) : (byte*)panel,
                        asksWeights ? RowBytes : 0);
                    TileKernels<TSimd, TVector>.TwoVectors(panel, w, depth, tileSums, sumStride, ahead);
                }

                panel += depth * width;
            }
        }

        /// <summary>The first panel of a block of the inner dimension.</summary>
        private readonly float* BlockOfX(int start, int depth, int firstRow) =>
            Panels + ((nint)start * PaddedRows) + ((nint)firstRow * depth);
    }
}
