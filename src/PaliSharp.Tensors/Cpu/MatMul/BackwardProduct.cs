using System.Runtime.CompilerServices;
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
/// Blocks of C are the tasks. For each <see cref="TileKernels{TSimd,TVector}.Depth"/> inner elements a task copies its part of A
/// (240 × 128 × 4 bytes = 120 KiB) and of B (128 × 256 × 4 = 128 KiB) to panels in the L2 cache and adds the products to its sums (260 KiB),
/// by the register tiles of <see cref="ManyRows{TSimd,TVector,TElement}"/>. With up to 240 rows each weight is read and widened once.
/// The order of additions does not depend on the number of threads.
/// </remarks>
internal static unsafe class BackwardProduct<TSimd, TVector, TElement>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TElement : struct, IWeightElement<TSimd, TVector>
{
    private const int Depth = TileKernels<TSimd, TVector>.Depth;
    private const int LargestRowBlock = 240;
    private const int LargestColumnBlock = 256;
    private const int SmallestBlock = 48;
    private const int SumPadding = 16; // floats: columns of sums must not fall into one set of the L1 cache
    private const long SmallestTask = 1 << 18; // multiply-adds

    private static int TileColumns => 2 * TSimd.Count;

    private static int TileRows => TileKernels<TSimd, TVector>.Outputs;

    /// <summary>Computes the product.</summary>
    /// <param name="team">Who does the work.</param>
    /// <param name="pool">Lends scratch memory.</param>
    /// <param name="operands">The operands; extents of 0 are allowed.</param>
    public static void Multiply(ThreadTeam team, TensorPool pool, in BackwardOperands operands)
    {
        if (operands.M == 0 || operands.N == 0)
            return;
        int rowBlock = EvenBlock(operands.M, LargestRowBlock, TileRows);
        int columnBlock = EvenBlock(operands.N, LargestColumnBlock, TileColumns);
        while (team.Size > 1
            && (long)Blocks(operands.M, rowBlock) * Blocks(operands.N, columnBlock) < 4L * team.Size
            && (long)rowBlock * columnBlock * operands.K >= 2 * SmallestTask)
        {
            if (columnBlock >= 2 * SmallestBlock && columnBlock >= rowBlock)
                columnBlock = RoundUp(columnBlock / 2, TileColumns);
            else if (rowBlock >= 2 * SmallestBlock)
                rowBlock = RoundUp(rowBlock / 2, TileRows);
            else
                break;
        }

        var job = new Job { Operands = operands, Pool = pool, RowBlock = rowBlock, ColumnBlock = columnBlock, RowBlocks = Blocks(operands.M, rowBlock) };
        team.Run(ref job, job.RowBlocks * Blocks(operands.N, columnBlock));
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
        public int RowBlock;
        public int ColumnBlock;
        public int RowBlocks;

        public readonly void Execute(int part)
        {
            int firstRow = part % RowBlocks * RowBlock;
            int rows = Math.Min(RowBlock, Operands.M - firstRow);
            int firstColumn = part / RowBlocks * ColumnBlock;
            int columns = Math.Min(ColumnBlock, Operands.N - firstColumn);
            int paddedRows = RoundUp(rows, TileRows);
            int paddedColumns = RoundUp(columns, TSimd.Count);
            int sumStride = paddedColumns + SumPadding;
            using Tensor scratch = Pool.Rent(new TensorShape((paddedRows * (Depth + sumStride)) + (Depth * paddedColumns)));
            float* left = scratch.Pointer;
            float* right = left + (paddedRows * Depth);
            float* sums = right + (Depth * paddedColumns);
            new Span<float>(sums, paddedRows * sumStride).Clear();
            new Span<float>(left, paddedRows * Depth).Clear();
            for (int start = 0; start < Operands.K; start += Depth)
            {
                int depth = Math.Min(Depth, Operands.K - start);
                CopyLeft(firstRow, rows, start, depth, left);
                CopyRight(start, depth, firstColumn, columns, right);
                MultiplyPanels(left, right, paddedRows, paddedColumns, depth, sums, sumStride);
            }

            Store(firstRow, rows, firstColumn, columns, sums, sumStride);
        }

        private readonly void CopyLeft(int firstRow, int rows, int start, int depth, float* left)
        {
            if (Operands.IsTransposed)
            {
                // Rows behind the end of the inner length become zeros; they meet no element of B.
                Panel.Transpose((float*)Operands.A + ((nint)start * Operands.Stride) + firstRow, Operands.Stride, depth, rows, left, Depth);
                return;
            }

            float* source = (float*)Operands.A + ((nint)firstRow * Operands.Stride) + start;
            for (int row = 0; row < rows; row++, source += Operands.Stride, left += Depth)
                Buffer.MemoryCopy(source, left, depth * sizeof(float), depth * sizeof(float));
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void CopyRight(int start, int depth, int firstColumn, int columns, float* right)
        {
            nint rowBytes = TElement.ByteCount(Operands.N);
            byte* row = (byte*)Operands.B + (start * rowBytes);
            int padded = RoundUp(columns, TSimd.Count);
            for (int k = 0; k < depth; k++, row += rowBytes)
            {
                for (int column = 0; column < padded; column += TileColumns)
                {
                    int width = Math.Min(TileColumns, padded - column);
                    float* destination = right + (column * depth) + (k * width);
                    for (int i = 0; i < width; i += TSimd.Count)
                        CopyVector(row, firstColumn + column + i, Operands.N, destination + i);
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void CopyVector(byte* row, int column, int end, float* destination)
        {
            if (column + TSimd.Count <= end)
            {
                TSimd.Store(TElement.Load(row, column), destination);
                return;
            }

            for (int i = 0; i < TSimd.Count; i++)
                destination[i] = column + i < end ? TElement.LoadOne(row, column + i) : 0;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void MultiplyPanels(float* left, float* right, int rows, int columns, int depth, float* sums, int sumStride)
        {
            // Twelve rows of A (6 KiB) stay in the L1 cache while all of B passes by in one stream, which the processor fetches ahead by itself.
            var ahead = new TileAhead((byte*)right, 0, (byte*)right, 0);
            for (int row = 0; row < rows; row += TileRows)
            {
                float* w = left + (row * Depth);
                float* tile = sums + (row * sumStride);
                for (int column = 0; column < columns; column += TileColumns)
                {
                    float* panel = right + (column * depth);
                    if (columns - column >= TileColumns)
                        TileKernels<TSimd, TVector>.TwoVectors(panel, w, depth, tile + column, sumStride, ahead);
                    else
                        TileKernels<TSimd, TVector>.OneVector(panel, w, depth, tile + column, sumStride);
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void Store(int firstRow, int rows, int firstColumn, int columns, float* sums, int sumStride)
        {
            float* destination = (float*)Operands.C + ((nint)firstRow * Operands.N) + firstColumn;
            for (int row = 0; row < rows; row++, sums += sumStride, destination += Operands.N)
            {
                int i = 0;
                if (Operands.Accumulates)
                {
                    for (; i + TSimd.Count <= columns; i += TSimd.Count)
                        TSimd.Store(TSimd.Add(TSimd.Load(destination + i), TSimd.Load(sums + i)), destination + i);
                    for (; i < columns; i++)
                        destination[i] += sums[i];
                }
                else
                {
                    Buffer.MemoryCopy(sums, destination, columns * sizeof(float), columns * sizeof(float));
                }
            }
        }
    }
}
