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
/// dimension a task adds to its sums, <c>[panel of rows][output][row]</c> in the L2 cache (256 rows × 192 × 4 bytes = 192 KiB). It widens
/// the weights of <see cref="OutputsPerPass"/> outputs into the L1 cache, <c>[output][element]</c> (24 × 128 × 4 bytes = 12 KiB), and passes
/// all panels of its block of x, which streams from the L2 cache (128 KiB).</item>
/// <item>The register tile is two vectors of rows by 12 outputs (6 where there are 16 registers): 24 (12) sums, two vectors of x,
/// one broadcast weight. Each step of 24 multiply-adds loads only 14 values. Meanwhile it asks for the next block of x and of the
/// weights, a line every few steps, see <see cref="TileAhead"/>.</item>
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
    private const int LargestOutputBlock = 192; // a multiple of both tiles' outputs
    private const int OutputsPerPass = 24; // a multiple of both tiles' outputs
    private const int TasksPerThread = 4;
    private const long SmallestTask = 1 << 18; // multiply-adds: some microseconds, well above the cost of handing out a task

    private static int TileOutputs => TileKernels<TSimd, TVector>.Outputs;

    private static int TileRows => 2 * TSimd.Count;

    /// <summary>Computes products of the same x, which is packed once.</summary>
    public static void Multiply(ThreadTeam team, TensorPool pool, ReadOnlySpan<ProductOperands> products)
    {
        int rows = products[0].Rows;
        int blockRows = EvenBlock(rows, PackedRows);
        for (int start = 0; start < rows; start += blockRows)
            MultiplyBlock(team, pool, products, start, Math.Min(blockRows, rows - start));
    }

    private static void MultiplyBlock(ThreadTeam team, TensorPool pool, ReadOnlySpan<ProductOperands> products, int firstRow, int rows)
    {
        int inputs = products[0].Inputs;
        int paddedRows = RoundUp(rows, TSimd.Count);
        using Tensor panels = pool.Rent(new TensorShape(inputs, paddedRows));
        var pack = new PackJob { Operands = products[0].SliceRows(firstRow, rows), Panels = panels.Pointer, PaddedRows = paddedRows };
        team.Run(ref pack, (inputs + Depth - 1) / Depth * pack.RowParts);

        var jobs = default(JoinedJobs<Job>);
        foreach (ref readonly ProductOperands product in products)
        {
            Job job = Divide(product.SliceRows(firstRow, rows), pool, team.Size);
            job.Panels = panels.Pointer;
            job.PaddedRows = paddedRows;
            jobs.Add(job, job.OutputBlocks.Count * job.RowBlocks);
        }

        team.Run(ref jobs, jobs.Parts);
    }

    /// <summary>Chooses the tasks: blocks of outputs as large as the caches allow, of fewer rows only where outputs are too few for all threads.</summary>
    private static Job Divide(in ProductOperands operands, TensorPool pool, int threads)
    {
        int tiles = (operands.Outputs + TileOutputs - 1) / TileOutputs;
        int rowBlock = EvenBlock(operands.Rows, LargestRowBlock);
        int RowBlocks(int rows) => (rows + rowBlock - 1) / rowBlock;
        while ((long)tiles * RowBlocks(operands.Rows) < (long)TasksPerThread * threads && rowBlock >= 4 * TileRows)
            rowBlock = RoundUp(rowBlock / 2, TileRows);
        int rowBlocks = RowBlocks(operands.Rows);
        long tile = Math.Max(1, (long)TileOutputs * rowBlock * operands.Inputs);
        int smallest = (int)Math.Clamp(SmallestTask / tile, 1, LargestOutputBlock / TileOutputs);
        return new Job(operands, pool, new GuidedBlocks(tiles, LargestOutputBlock / TileOutputs, smallest, threads, rowBlocks), rowBlock, rowBlocks);
    }

    /// <summary>The rows of each block when rows are divided evenly into blocks of at most so many.</summary>
    private static int EvenBlock(int rows, int most)
    {
        int blocks = (rows + most - 1) / most;
        return RoundUp((rows + blocks - 1) / blocks, TileRows);
    }

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    /// <summary>Transposes a block of the inner dimension of some rows of x into panels.</summary>
    private struct PackJob : IParallelJob
    {
        public const int RowsPerPart = 64; // a multiple of every panel's rows

        public ProductOperands Operands;
        public float* Panels;
        public int PaddedRows;

        public readonly int RowParts => (PaddedRows + RowsPerPart - 1) / RowsPerPart;

        public readonly void Execute(int part)
        {
            int start = part / RowParts * Depth;
            int depth = Math.Min(Depth, Operands.Inputs - start);
            int firstRow = part % RowParts * RowsPerPart;
            int end = Math.Min(firstRow + RowsPerPart, PaddedRows);
            float* panel = Panels + ((nint)start * PaddedRows) + ((nint)firstRow * depth);
            for (int row = firstRow; row < end; row += TileRows)
            {
                int width = Math.Min(TileRows, end - row);
                float* x = Operands.X + ((nint)row * Operands.Inputs) + start;
                Panel.Transpose(x, Operands.Inputs, Math.Min(width, Operands.Rows - row), depth, panel, width);
                panel += depth * width;
            }
        }
    }

    /// <summary>Computes one block of outputs by rows.</summary>
    private struct Job(ProductOperands operands, TensorPool pool, GuidedBlocks outputBlocks, int rowBlock, int rowBlocks) : IParallelJob
    {
        public readonly ProductOperands Operands = operands;
        public readonly GuidedBlocks OutputBlocks = outputBlocks;
        public readonly int RowBlock = rowBlock;
        public readonly int RowBlocks = rowBlocks;
        public readonly TensorPool Pool = pool;
        public float* Panels;
        public int PaddedRows;

        private readonly nint RowBytes => TElement.ByteCount(Operands.Inputs);

        public readonly void Execute(int part)
        {
            // Neighbouring parts share the weights, which are the farther away.
            (int firstTile, int endTile) = OutputBlocks.Range(part / RowBlocks);
            int firstOutput = firstTile * TileOutputs;
            int outputs = Math.Min(endTile * TileOutputs, Operands.Outputs) - firstOutput;
            int firstRow = part % RowBlocks * RowBlock;
            int rows = Math.Min(RowBlock, PaddedRows - firstRow);
            nint panelSums = (RoundUp(outputs, TileOutputs) + TileOutputs) * TileRows; // a tile more: panels must not share sets of the L1 cache
            nint count = panelSums * ((rows + TileRows - 1) / TileRows);

            using Tensor scratch = Pool.Rent(new TensorShape(2, (int)count));
            using Tensor weights = Pool.Rent(new TensorShape(OutputsPerPass, Depth));
            float* sums = scratch.Pointer;
            MultiplyTask(firstOutput, outputs, firstRow, rows, weights.Pointer, sums, panelSums, count);
            for (int row = 0; row < rows; row += TileRows, sums += panelSums)
            {
                Panel.TransposeTo(
                    sums,
                    TileRows,
                    outputs,
                    Math.Min(TileRows, Operands.Rows - firstRow - row),
                    Operands.Bias == null ? null : Operands.Bias + firstOutput,
                    Operands.Y + ((nint)(firstRow + row) * Operands.YStride) + firstOutput,
                    Operands.YStride);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void MultiplyTask(
            int firstOutput, int outputs, int firstRow, int rows, float* weights, float* sums, nint panelSums, nint count)
        {
            byte* source = (byte*)Operands.Weight + (firstOutput * RowBytes);
            float* totals = sums + count;
            new Span<float>(sums, (int)count).Clear();
            for (int start = 0; start < Operands.Inputs; start += Depth)
            {
                if (start != 0 && start % (BlocksPerTotal * Depth) == 0)
                {
                    Panel.Add<TSimd, TVector>(sums, totals, count, totals, first: start == BlocksPerTotal * Depth);
                    new Span<float>(sums, (int)count).Clear();
                }

                MultiplyBlock(source, weights, outputs, start, firstRow, rows, sums, panelSums);
            }

            if (Operands.Inputs > BlocksPerTotal * Depth)
                Panel.Add<TSimd, TVector>(sums, totals, count, sums, first: false);
        }

        /// <summary>Adds the products of one block of the inner dimension, and asks for what the next block will read.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void MultiplyBlock(
            byte* source, float* weights, int outputs, int start, int firstRow, int rows, float* sums, nint panelSums)
        {
            int depth = Math.Min(Depth, Operands.Inputs - start);
            int nextDepth = Math.Min(Depth, Operands.Inputs - start - depth);
            float* block = BlockOfX(start, depth, firstRow);

            // After the last block the next task begins, most likely with the same rows.
            byte* near = (byte*)(nextDepth > 0 ? BlockOfX(start + depth, nextDepth, firstRow) : BlockOfX(0, Math.Min(Depth, Operands.Inputs), firstRow));
            byte* nearEnd = near + ((nint)(nextDepth > 0 ? nextDepth : Math.Min(Depth, Operands.Inputs)) * rows * sizeof(float));

            for (int output = 0; output < outputs; output += OutputsPerPass)
            {
                byte* rows0 = source + (output * RowBytes);
                int count = Math.Min(OutputsPerPass, outputs - output);
                int paddedCount = RoundUp(count, TileOutputs);
                Panel.Widen<TSimd, TVector, TElement>(rows0, RowBytes, start, depth, count, paddedCount, weights, Depth);

                // The weights of the next pass. Of each line's worth the last byte, as the line before came earlier where rows are not aligned.
                bool last = output + count >= outputs;
                byte* far = (last ? source + TElement.ByteCount(start + depth) : rows0 + (OutputsPerPass * RowBytes) + TElement.ByteCount(start))
                    + TileAhead.LineBytes - 1;
                int farLines = (int)((TElement.ByteCount(last ? nextDepth : depth) + TileAhead.LineBytes - 1) / TileAhead.LineBytes);
                float* panel = block;
                int line = 0;
                for (int row = 0; row < rows; row += TileRows, line++)
                {
                    int width = Math.Min(TileRows, rows - row);
                    float* tileSums = sums + (row / TileRows * panelSums) + (output * TileRows);
                    for (int tile = 0; tile < paddedCount; tile += TileOutputs, tileSums += TileOutputs * TileRows)
                    {
                        float* w = weights + (tile * Depth);
                        if (width < TileRows)
                        {
                            TileKernels<TSimd, TVector>.OneVector(panel, w, depth, tileSums, TileRows);
                            continue;
                        }

                        var ahead = new TileAhead(
                            near < nearEnd ? near : (byte*)panel,
                            near < nearEnd ? 2 * TileAhead.LineBytes : 0,
                            line < farLines ? far + (tile * RowBytes) + (line * TileAhead.LineBytes) : (byte*)panel,
                            line < farLines ? RowBytes : 0);
                        TileKernels<TSimd, TVector>.TwoVectors(panel, w, depth, tileSums, TileRows, ahead);
                        near += 2 * TileAhead.LineBytes * TileKernels<TSimd, TVector>.TimesAhead;
                    }

                    panel += depth * width;
                }

                for (; line < farLines; line++)
                {
                    for (int i = 0; i < OutputsPerPass; i++)
                        TSimd.Prefetch(far + (i * RowBytes) + (line * TileAhead.LineBytes));
                }
            }
        }

        /// <summary>The first panel of a block of the inner dimension.</summary>
        private readonly float* BlockOfX(int start, int depth, int firstRow) =>
            Panels + ((nint)start * PaddedRows) + ((nint)firstRow * depth);
    }
}
