using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using PaliSharp.Tensors.Quantization;

namespace PaliSharp.Tensors.Cpu.MatMul.Integer;

/// <summary>
/// Rows of activations in signed bytes, each row in blocks of <see cref="Block"/> with a scale of their own, zero beyond the last input. A row is
/// rounded by itself, so it is the same in any batch. Rows lie as the register tiles read them, <c>[tile][block][row of the tile][input]</c>: a tile
/// is one linear stream.
/// </summary>
/// <remarks>
/// <c>vpmaddubsw</c> adds two products in 16 bits. With 8-bit weights, 1 to 255 with their offset, the sum of two neighbouring activations must not
/// exceed 128 in magnitude: the scale follows the largest such sum, or the largest value, so that nothing ever saturates and every
/// processor gets the same sums. For values of both signs around zero that costs less than half a bit; where one value stands out, which is what
/// limits exactness, it costs nothing. With 4-bit weights the scale follows the largest value.
/// </remarks>
internal unsafe struct QuantizedActivations
{
    /// <summary>The inputs that share a scale.</summary>
    public const int Block = QuantizedLayout.Int8Block;

    private const int Largest = 127;

    // Below it the reciprocal of a scale is no longer a number; sums of such values are zero in any product that matters.
    private const float Smallest = 1e-30f;

    /// <summary>The bytes, <c>[tile][block][row of the tile][input]</c>.</summary>
    public sbyte* Quants;

    /// <summary>The scales, <c>[tile][block][row of the tile]</c>.</summary>
    public float* Scales;

    /// <summary>
    /// What sums begin with: minus the offset of the weights times the sum of the activations, for each block of the WEIGHT,
    /// <c>[tile][weight block][row of the tile]</c>; zero where weights are signed.
    /// </summary>
    public int* Starts;

    /// <summary>The number of rows.</summary>
    public int Rows;

    /// <summary>The number of blocks of a row.</summary>
    public int Blocks;

    /// <summary>The floats of memory that so many activations take.</summary>
    public static int Floats(WeightType type, int rows, int inputs)
    {
        int blocks = BlocksOf(inputs);
        int starts = blocks * (Block / QuantizedLayout.Block(type));
        return checked(rows * ((blocks * ((Block / sizeof(float)) + 1)) + starts));
    }

    /// <summary>Rounds rows of x.</summary>
    /// <param name="team">The threads that share the work.</param>
    /// <param name="type">The type of the weight they will meet.</param>
    /// <param name="signedWeights">True if the weights will have no offset.</param>
    /// <param name="registers">The vector registers of the path, which decide on the tiles.</param>
    /// <param name="x">The activations, <c>[rows, inputs]</c>.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="inputs">The inputs.</param>
    /// <param name="memory">Holds the result: <see cref="Floats"/> floats, aligned to 64 bytes.</param>
    public static QuantizedActivations Create(
        ThreadTeam team, WeightType type, bool signedWeights, int registers, float* x, int rows, int inputs, float* memory)
    {
        int blocks = BlocksOf(inputs);
        var result = new QuantizedActivations { Quants = (sbyte*)memory, Rows = rows, Blocks = blocks };
        result.Scales = memory + ((nint)blocks * rows * (Block / sizeof(float)));
        result.Starts = (int*)(result.Scales + ((nint)blocks * rows));
        int offset = type == WeightType.Int4 ? QuantizedLayout.Int4Offset : signedWeights ? 0 : QuantizedLayout.Int8Offset;
        var job = new Job { Target = result, X = x, Inputs = inputs, Pairs = type == WeightType.Int8, Offset = offset, Sums = QuantizedLayout.Block(type), Registers = registers };

        // A single row takes a microsecond or two: less than it costs to hand out.
        job.RowsPerPart = Math.Max(1, (32 << 10) / Math.Max(inputs, 1));
        team.Run(ref job, (rows + job.RowsPerPart - 1) / job.RowsPerPart);
        return result;
    }

    private static int BlocksOf(int inputs) => (int)(((long)inputs + Block - 1) / Block);

    private struct Job : IParallelJob
    {
        public QuantizedActivations Target;
        public float* X;
        public int Inputs;
        public int RowsPerPart;
        public int Offset;
        public int Sums;
        public int Registers;
        public bool Pairs;

        public readonly void Execute(int part)
        {
            int end = (int)Math.Min((long)(part + 1) * RowsPerPart, Target.Rows);
            for (int row = part * RowsPerPart; row < end; row++)
            {
                (int first, int count) = TileRows.Of(row, Target.Rows, Registers);
                for (int block = 0; block < Target.Blocks; block++)
                    Quantize(row, block, first, count);
            }
        }

        private readonly void Quantize(int row, int block, int tile, int tileRows)
        {
            nint place = ((nint)tile * Target.Blocks) + ((nint)block * tileRows) + (row - tile);
            float* source = X + ((nint)row * Inputs) + (block * Block);
            sbyte* quants = Target.Quants + (place * Block);
            int count = Math.Min(Block, Inputs - (block * Block));
            float* padded = stackalloc float[count < Block ? Block : 0];
            if (count < Block)
            {
                new Span<float>(padded, Block).Clear();
                new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(padded, Block));
                source = padded;
            }

            float reach = Reach(source, Pairs);
            if (!float.IsFinite(reach))
            {
                // Not a number in, not a number out: 0 times the scale below is one.
                Target.Scales[place] = float.NaN;
                reach = 0;
            }
            else
            {
                Target.Scales[place] = reach < Smallest ? 0 : reach / Largest;
            }

            Round(source, reach < Smallest ? 0 : Largest / reach, quants);
            int perBlock = Block / Sums;
            int* starts = Target.Starts + ((((nint)tile * Target.Blocks) + ((nint)block * tileRows)) * perBlock) + (row - tile);
            for (int i = 0; i < perBlock; i++)
                starts[(nint)i * tileRows] = -Offset * Sum(quants + (i * Sums), Sums);
        }

        /// <summary>The largest magnitude of a value, or also of the sum of two neighbours; NaN if there is one.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static float Reach(float* x, bool pairs)
        {
            Vector256<float> largest = Vector256<float>.Zero;
            for (int i = 0; i < Block; i += Vector256<float>.Count)
            {
                Vector256<float> value = Vector256.Load(x + i);
                largest = Vector256.Max(largest, Vector256.Abs(value));
                if (pairs)
                    largest = Vector256.Max(largest, Vector256.Abs(value + Vector256.Shuffle(value, Vector256.Create(1, 0, 3, 2, 5, 4, 7, 6))));
            }

            float reach = 0;
            for (int i = 0; i < Vector256<float>.Count; i++)
                reach = MathF.Max(reach, largest[i]);
            return reach;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Round(float* x, float factor, sbyte* quants)
        {
            for (int i = 0; i < Block; i += Vector256<sbyte>.Count)
            {
                Vector256<short> first = Vector256.Narrow(Rounded(x + i, factor), Rounded(x + i + 8, factor));
                Vector256<short> second = Vector256.Narrow(Rounded(x + i + 16, factor), Rounded(x + i + 24, factor));
                Vector256.Narrow(first, second).Store(quants + i);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<int> Rounded(float* x, float factor) =>
            Vector256.ConvertToInt32Native(Vector256.Round(Vector256.Load(x) * factor));

        private static int Sum(sbyte* quants, int count)
        {
            Vector256<short> sum = Vector256<short>.Zero; // at most four bytes come together in a lane
            for (int i = 0; i < count; i += Vector256<sbyte>.Count)
            {
                (Vector256<short> lower, Vector256<short> upper) = Vector256.Widen(Vector256.Load(quants + i));
                sum += lower + upper;
            }

            (Vector256<int> a, Vector256<int> b) = Vector256.Widen(sum);
            return Vector256.Sum(a + b);
        }
    }
}
