using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using PaliSharp.Tensors.Cpu.Simd;

namespace PaliSharp.Tensors.Cpu.MatMul;

/// <summary>The operands of a product C[m, n] = Σ A[m, k]·B[k, n], or C += …, as the gradients of linear layers need it.</summary>
/// <param name="A">A, row by row; or its transpose <c>[k, m]</c> if <paramref name="IsTransposed"/>.</param>
/// <param name="Stride">The distance of two rows of A as it is stored.</param>
/// <param name="IsTransposed">True if A is stored as its transpose.</param>
/// <param name="B">The first byte of B, <c>[k, n]</c> in its storage type.</param>
/// <param name="C">Receives <c>[m, n]</c>; overlaps nothing else.</param>
/// <param name="M">The rows of C.</param>
/// <param name="N">The columns of C.</param>
/// <param name="K">The inner length.</param>
/// <param name="Accumulates">True to add to what C holds.</param>
internal readonly unsafe record struct BackwardOperands(nint A, int Stride, bool IsTransposed, nint B, nint C, int M, int N, int K, bool Accumulates);

/// <summary>
/// The products of a linear layer's gradients: dx = dy·W (A is dy, B the weight as stored) and dW += dyᵀ·x (A is dy transposed, B is x).
/// In both, B and C have the lanes of the vectors along their contiguous rows, so B is only copied, in any storage type, and C needs no transposing.
/// </summary>
/// <remarks>
/// Blocks of C are the tasks. For each block of up to <see cref="RowByRow.Depth"/> inner elements a task copies its part of B to panels of two
/// vectors of columns, <c>[element][column]</c>, in the L2 cache (256 × 256 × 4 bytes = 256 KiB, as much as its block of C), and passes them for one
/// strip of A after the other. A strip, the rows of a tile, is copied to the L1 cache (12 KiB) in the order that its storage gives for free.
/// Tiles ask ahead for what is copied next, see <see cref="BackwardAhead"/>. A chain of rounding errors in float32 is one block long; the sums of blocks are added in C.
/// The order of additions does not depend on the number of threads.
/// </remarks>
internal static unsafe class BackwardProduct<TSimd, TVector, TElement>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TElement : struct, IWeightElement<TSimd, TVector>
{
    private const int LargestTile = 12;
    private const int LargestRowBlock = 240; // a multiple of both tiles' rows
    private const int LargestColumnBlock = 256;
    private const int SmallestBlock = 48; // rows that make the copy of B a few per cent
    private const long SmallestTask = 1 << 18; // multiply-adds

    private static int TileColumns => 2 * TSimd.Count;

    private static int TileRows => TSimd.Registers >= 32 ? LargestTile : 6;

    /// <summary>Computes the product.</summary>
    /// <param name="team">Who does the work.</param>
    /// <param name="pool">Lends scratch memory.</param>
    /// <param name="operands">The operands; extents of 0 are allowed.</param>
    public static void Multiply(ThreadTeam team, TensorPool pool, in BackwardOperands operands)
    {
        if (operands.M == 0 || operands.N == 0)
            return;
        if (operands.K == 0)
        {
            for (int row = 0; row < operands.M && !operands.Accumulates; row++)
                new Span<float>((float*)operands.C + ((nint)row * operands.N), operands.N).Clear();
            return;
        }

        int rowBlock = EvenBlock(operands.M, LargestRowBlock, TileRows);
        int columnBlock = EvenBlock(operands.N, LargestColumnBlock, TileColumns);
        while (team.Size > 1
            && (long)Blocks(operands.M, rowBlock) * Blocks(operands.N, columnBlock) < 2L * team.Size
            && (long)rowBlock * columnBlock * operands.K >= 2 * SmallestTask)
        {
            if (columnBlock > rowBlock && columnBlock >= 2 * TileColumns)
                columnBlock = RoundUp(columnBlock / 2, TileColumns);
            else if (rowBlock >= SmallestBlock)
                rowBlock = RoundUp(rowBlock / 2, TileRows);
            else
                break;
        }

        var job = new Job
        {
            Operands = operands,
            Pool = pool,
            Depth = EvenBlock(operands.K, RowByRow.Depth, 1),
            ColumnBlock = columnBlock,
            ColumnBlocks = Blocks(operands.N, columnBlock),
        };
        int tiles = Blocks(operands.M, TileRows);
        int largest = rowBlock / TileRows;
        bool isEven = (long)Blocks(operands.M, rowBlock) * job.ColumnBlocks <= 2L * team.Size;
        job.RowBlocks = new GuidedBlocks(tiles, largest, isEven ? largest : Math.Min(largest, SmallestBlock / TileRows), team.Size, job.ColumnBlocks);
        team.Run(ref job, job.RowBlocks.Count * job.ColumnBlocks);
    }

    private static int Blocks(int extent, int block) => (extent + block - 1) / block;

    private static int EvenBlock(int extent, int most, int multiple)
    {
        int blocks = Blocks(extent, most);
        return RoundUp(Blocks(extent, blocks), multiple);
    }

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    private struct Job : IParallelJob
    {
        public BackwardOperands Operands;
        public TensorPool Pool;
        public int Depth;
        public int ColumnBlock;
        public int ColumnBlocks;
        public GuidedBlocks RowBlocks;

        private readonly nint RowBytes => TElement.ByteCount(Operands.N);

        public readonly void Execute(int part)
        {
            (int firstTile, int endTile) = RowBlocks.Range(part / ColumnBlocks);
            int firstColumn = part % ColumnBlocks * ColumnBlock;
            int columns = Math.Min(ColumnBlock, Operands.N - firstColumn);
            using Tensor scratch = Pool.Rent(new TensorShape(Depth, RoundUp(columns, TSimd.Count)));
            float* strip = stackalloc float[LargestTile * RowByRow.Depth];
            float* edge = stackalloc float[LargestTile * TileColumns];
            var block = new Block
            {
                Panels = scratch.Pointer,
                Strip = strip,
                Edge = edge,
                FirstColumn = firstColumn,
                Columns = columns,
                FirstRow = firstTile * TileRows,
                EndRow = Math.Min(endTile * TileRows, Operands.M),
            };
            for (int start = 0; start < Operands.K; start += Depth)
                MultiplyBlock(block with { Start = start, Depth = Math.Min(Depth, Operands.K - start) });
        }

        private readonly void MultiplyBlock(Block block)
        {
            CopyRight(ref block);
            for (int row = block.FirstRow; row < block.EndRow; row += TileRows)
            {
                int rows = Math.Min(TileRows, block.EndRow - row);
                if (TSimd.Registers >= 32)
                {
                    if (rows > 8)
                        MultiplyStrip<TwelveRows>(row, rows, ref block);
                    else if (rows > 4)
                        MultiplyStrip<EightRows>(row, rows, ref block);
                    else
                        MultiplyStrip<FourRows>(row, rows, ref block);
                }
                else if (rows > 4)
                {
                    MultiplyStrip<SixRows>(row, rows, ref block);
                }
                else if (rows > 2)
                {
                    MultiplyStrip<FourRows>(row, rows, ref block);
                }
                else
                {
                    MultiplyStrip<TwoRows>(row, rows, ref block);
                }
            }
        }

        private readonly void MultiplyStrip<TRows>(int row, int rows, ref Block block)
            where TRows : struct, ITileRows
        {
            if (Operands.IsTransposed)
            {
                CopyTransposed<TRows>((float*)Operands.A + ((nint)block.Start * Operands.Stride) + row, rows, block.Depth, block.Strip);
                MultiplyTiles<TRows, ElementByElement>(row, rows, ref block);
            }
            else
            {
                CopyRows<TRows>((float*)Operands.A + ((nint)row * Operands.Stride) + block.Start, rows, block.Depth, block.Strip);
                MultiplyTiles<TRows, RowByRow>(row, rows, ref block);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void MultiplyTiles<TRows, TOrder>(int row, int rows, ref Block block)
            where TRows : struct, ITileRows
            where TOrder : struct, IStripOrder
        {
            bool accumulate = Operands.Accumulates || block.Start > 0;
            int padded = RoundUp(block.Columns, TSimd.Count);
            float* panel = block.Panels;
            float* c = (float*)Operands.C + ((nint)row * Operands.N) + block.FirstColumn;
            for (int column = 0; column < block.Columns; column += TileColumns)
            {
                int width = Math.Min(TileColumns, padded - column);
                bool whole = rows == TRows.Count && column + width <= block.Columns;
                float* target = whole ? c + column : block.Edge;
                nint stride = whole ? Operands.N : TileColumns;
                if (width == TileColumns)
                {
                    BackwardTile<TSimd, TVector, TRows, TOrder>.TwoVectors(
                        block.Strip, panel, block.Depth, target, stride, accumulate && whole, Ahead(row, column, ref block));
                }
                else
                {
                    BackwardTile<TSimd, TVector, TRows, TOrder>.OneVector(block.Strip, panel, block.Depth, target, stride, accumulate && whole);
                }

                if (!whole)
                    StoreEdge(block.Edge, rows, Math.Min(width, block.Columns - column), c + column, accumulate);
                panel += (nint)width * block.Depth;
            }
        }

        /// <summary>What one tile asks for: pairs of lines in some rows of the next block of B, and lines in some rows of the next strip of A.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly BackwardAhead Ahead(int row, int column, ref Block block)
        {
            int asked = block.Depth / BackwardAhead.Steps; // how often
            byte* right = (byte*)block.Panels;
            nint rightStep = 0;
            int nextStart = block.Start + block.Depth;
            if (block.RowsAsked < Math.Min(Depth, Operands.K - nextStart))
            {
                right = (byte*)Operands.B + ((nextStart + block.RowsAsked) * RowBytes)
                    + TElement.ByteCount(block.FirstColumn) + block.BytesAsked;
                rightStep = RowBytes;
                block.BytesAsked += 2 * TileAhead.LineBytes;
                if (block.BytesAsked >= TElement.ByteCount(block.Columns))
                {
                    block.BytesAsked = 0;
                    block.RowsAsked += asked;
                }
            }

            if (!Operands.IsTransposed)
                return new BackwardAhead(right, rightStep, (byte*)block.Strip, 0);

            // The line that holds the last row of the next strip: the one before came with this strip, or is the same.
            int nextRow = row + TileRows < block.EndRow ? row + TileRows : block.FirstRow;
            int element = (row + TileRows < block.EndRow ? block.Start : nextStart) + (column / TileColumns * 2 * asked);
            nint leftStep = (nint)Operands.Stride * sizeof(float);
            byte* left = (byte*)((float*)Operands.A + ((nint)element * Operands.Stride) + nextRow + TileRows - 1);
            return new BackwardAhead(right, rightStep, left, leftStep);
        }

        private readonly void StoreEdge(float* edge, int rows, int columns, float* c, bool accumulate)
        {
            for (int row = 0; row < rows; row++, edge += TileColumns, c += Operands.N)
            {
                for (int column = 0; column < columns; column++)
                    c[column] = accumulate ? c[column] + edge[column] : edge[column];
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void CopyRight(ref Block block)
        {
            int padded = RoundUp(block.Columns, TSimd.Count);
            byte* row = (byte*)Operands.B + (block.Start * RowBytes);
            for (int k = 0; k < block.Depth; k++, row += RowBytes)
            {
                float* target = block.Panels + ((nint)k * TileColumns);
                int column = 0;
                for (; column + TileColumns <= block.Columns; column += TileColumns, target += (nint)block.Depth * TileColumns)
                {
                    TSimd.Store(TElement.Load(row, block.FirstColumn + column), target);
                    TSimd.Store(TElement.Load(row, block.FirstColumn + column + TSimd.Count), target + TSimd.Count);
                }

                if (column < block.Columns)
                    CopyLast(row, ref block, column, Math.Min(TileColumns, padded - column), k);
            }
        }

        // The columns behind the last whole tile; behind the last column of all, zeros.
        private readonly void CopyLast(byte* row, ref Block block, int column, int width, int k)
        {
            float* target = block.Panels + ((nint)column * block.Depth) + ((nint)k * width);
            for (int i = 0; i < width; i++)
                target[i] = column + i < block.Columns ? TElement.LoadOne(row, block.FirstColumn + column + i) : 0;
        }

        // Rows behind the last become zero.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void CopyRows<TRows>(float* source, int rows, int depth, float* strip)
            where TRows : struct, ITileRows
        {
            for (int row = 0; row < rows; row++, source += Operands.Stride, strip += RowByRow.Depth)
            {
                int k = 0;
                for (; k + TSimd.Count <= depth; k += TSimd.Count)
                    TSimd.Store(TSimd.Load(source + k), strip + k);
                for (; k < depth; k++)
                    strip[k] = source[k];
            }

            for (int row = rows; row < TRows.Count; row++, strip += RowByRow.Depth)
                new Span<float>(strip, depth).Clear();
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void CopyTransposed<TRows>(float* source, int rows, int depth, float* strip)
            where TRows : struct, ITileRows
        {
            for (int k = 0; k < depth; k++, source += Operands.Stride, strip += TRows.Count)
            {
                int i = 0;
                for (; i + 4 <= TRows.Count && i + 4 <= rows; i += 4)
                    Vector128.Load(source + i).Store(strip + i);
                for (; i < TRows.Count; i++)
                    strip[i] = i < rows ? source[i] : 0;
            }
        }
    }

    /// <summary>What a task is at: its part of C, a block of inner elements, and how much of the next it has asked for.</summary>
    private struct Block
    {
        public float* Panels;
        public float* Strip;
        public float* Edge;
        public int FirstColumn;
        public int Columns;
        public int FirstRow;
        public int EndRow;
        public int Start;
        public int Depth;
        public int RowsAsked;
        public nint BytesAsked;
    }
}
