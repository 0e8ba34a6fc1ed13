using System.Runtime.CompilerServices;
using PaliSharp.Tensors.Quantization;

namespace PaliSharp.Tensors.Cpu.MatMul.Integer;

/// <summary>
/// The product of activations with a quantised weight, in bytes: activations are rounded row by row (<see cref="QuantizedActivations"/>), products are summed
/// exactly in 32 bits block by block, and each block's sum is scaled and added in float32 in the order of the inputs. The result depends on
/// the row and the weight alone: it has the same bits on every processor, for any number of rows and threads.
/// </summary>
/// <remarks>
/// The work is divided into units of two vectors of outputs, which are two groups of the weight where vectors are 512 bits long, one group where they
/// are 256, half a group where they are 128. One row: both streams of a unit are read once, sums in registers. More rows: for one tile
/// of rows after the other the weights of the unit are read from the second-level cache (32 outputs of 9,216 inputs are 288 KiB), where the
/// first tile brought them, and the activations of a tile from the first. 4-bit weights are first unpacked into bytes, once for a unit.
/// </remarks>
internal static unsafe class IntegerProduct<TSimd, TInteger, TReal>
    where TSimd : struct, IIntegerSimd<TInteger, TReal>
    where TInteger : struct
    where TReal : struct
{
    private const int Group = QuantizedLayout.GroupOutputs;
    private const int Line = QuantizedLayout.LineBytes;
    private const int Quad = QuantizedLayout.QuadInputs;
    private const long SmallestPart = 64 << 10; // bytes of weights: some microseconds, well above the cost of handing out a part
    private const long LargestPart = 1 << 20;
    private const int PartsPerThread = 6;
    private const int RowBlockBytes = 4 << 20; // of activations, which all units read: they stay in the last-level cache
    private const int MostTileRows = 12;

    private static int GroupsPerUnit => TSimd.Count == Group ? 2 : 1;

    private static int UnitsPerGroup => TSimd.Count == Group ? 1 : Group / (2 * TSimd.Count);

    /// <summary>y = x · weightᵀ (+ bias) for weights that share x, which is rounded once.</summary>
    /// <param name="team">The threads that share the work.</param>
    /// <param name="pool">Lends the scratch memory.</param>
    /// <param name="type">How the weights are quantised.</param>
    /// <param name="products">1 to <see cref="JoinedJobs.Most"/> products of the same x.</param>
    /// <param name="groups">Which group of the weight the outputs of each group come from; null for all in order.</param>
    public static void Multiply(ThreadTeam team, TensorPool pool, WeightType type, ReadOnlySpan<ProductOperands> products, int* groups = null)
    {
        ref readonly ProductOperands first = ref products[0];
        if (first.Rows == 0 || first.Outputs == 0)
            return;
        using Tensor memory = pool.Rent(new TensorShape(QuantizedActivations.Floats(type, first.Rows, first.Inputs)));
        QuantizedActivations x = QuantizedActivations.Create(
            team, type, TSimd.SignedWeights, TSimd.Registers, first.X, first.Rows, first.Inputs, memory.Pointer);
        var jobs = default(JoinedJobs<Job>);
        foreach (ref readonly ProductOperands product in products)
        {
            var job = new Job(product, type, x, groups, pool);
            job.Divide(team.Size);
            jobs.Add(job, job.Parts);
        }

        team.Run(ref jobs, jobs.Parts);
    }

    /// <summary>Where the outputs of a unit are found.</summary>
    private ref struct Unit
    {
        public byte* Weights0;
        public byte* Weights1;
        public ushort* Scales0;
        public ushort* Scales1;
        public int Output0;
        public int Output1;
        public bool HasSecond;
    }

    private struct Job(ProductOperands operands, WeightType type, QuantizedActivations x, int* groups, TensorPool pool) : IParallelJob
    {
        private readonly ProductOperands _operands = operands;
        private readonly WeightType _type = type;
        private readonly QuantizedActivations _x = x;
        private readonly nint _groupBytes = (nint)QuantizedLayout.GroupBytes(type, operands.Inputs);
        private readonly nint _scaleBytes = (nint)QuantizedLayout.ScaleBytes(type, operands.Inputs);
        private readonly int _quads = (operands.Inputs + Quad - 1) / Quad;
        private readonly int _groupCount = QuantizedLayout.Groups(operands.Outputs);
        private int _groupsPerPart;
        private int _groupParts;
        private int _rowsPerPart;

        /// <summary>The parts of the work.</summary>
        public int Parts { get; private set; }

        private readonly int UnpackedQuads => (_quads + 1) & ~1;

        /// <summary>Chooses the parts: neighbouring parts share the activations of a block of rows.</summary>
        public void Divide(int threads)
        {
            long partBytes = Math.Clamp(_groupBytes * _groupCount / ((long)PartsPerThread * threads), SmallestPart, LargestPart);
            int wanted = (int)Math.Clamp(partBytes / _operands.Rows / Math.Max(_groupBytes, 1), 1, _groupCount);
            _groupsPerPart = (wanted + GroupsPerUnit - 1) / GroupsPerUnit * GroupsPerUnit;
            _groupParts = (_groupCount + _groupsPerPart - 1) / _groupsPerPart;
            int tile = TileRows.Largest(TSimd.Registers);
            int rows = Math.Max(tile, RowBlockBytes / Math.Max(_operands.Inputs, 1) / tile * tile);
            while (rows > 2 * tile && _groupParts * (((long)_operands.Rows + rows - 1) / rows) < 4L * threads && rows * 2 > tile * 8)
                rows = Math.Max(tile, Math.Min(rows, _operands.Rows) / 2 / tile * tile);
            _rowsPerPart = Math.Min(rows, _operands.Rows);
            Parts = checked(_groupParts * ((_operands.Rows + _rowsPerPart - 1) / _rowsPerPart));
        }

        public readonly void Execute(int part)
        {
            int first = part % _groupParts * _groupsPerPart;
            int count = Math.Min(_groupsPerPart, _groupCount - first);
            int row = part / _groupParts * _rowsPerPart;
            int rows = Math.Min(_rowsPerPart, _operands.Rows - row);
            float* sums = stackalloc float[MostTileRows * 2 * Group];
            int run = (count + GroupsPerUnit - 1) / GroupsPerUnit;
            if (_type == WeightType.Int8 || _operands.Rows == 1)
            {
                for (int i = 0; i < run * UnitsPerGroup; i++)
                    Multiply(Locate(first, count, run, i), row, rows, sums);
                return;
            }

            using Tensor bytes = pool.Rent(new TensorShape(GroupsPerUnit * UnpackedQuads, Line / sizeof(float)));
            for (int i = 0; i < run * UnitsPerGroup; i++)
                Multiply(Unpack(Locate(first, count, run, i), (byte*)bytes.Pointer), row, rows, sums);
        }

        private readonly Unit Locate(int first, int count, int run, int index)
        {
            int group = first + (index / UnitsPerGroup);
            int other = GroupsPerUnit == 2 ? group + run : group;
            bool hasSecond = other < first + count;
            if (!hasSecond)
                other = group;
            int lane = GroupsPerUnit == 2 ? 0 : index % UnitsPerGroup * 2 * TSimd.Count;
            int otherLane = GroupsPerUnit == 2 ? 0 : lane + TSimd.Count;
            byte* base0 = (byte*)_operands.Weight + ((groups == null ? group : groups[group]) * _groupBytes);
            byte* base1 = (byte*)_operands.Weight + ((groups == null ? other : groups[other]) * _groupBytes);
            return new Unit
            {
                Weights0 = base0 + _scaleBytes + (lane * Quad),
                Weights1 = base1 + _scaleBytes + (otherLane * Quad),
                Scales0 = (ushort*)base0 + lane,
                Scales1 = (ushort*)base1 + otherLane,
                Output0 = (group * Group) + lane,
                Output1 = (other * Group) + otherLane,
                HasSecond = hasSecond,
            };
        }

        private readonly void Multiply(Unit unit, int row, int rows, float* sums)
        {
            if (_operands.Rows == 1)
            {
                if (_type == WeightType.Int8)
                    OneRowKernels<TSimd, TInteger, TReal>.Int8(_x, _quads, unit.Weights0, unit.Weights1, unit.Scales0, unit.Scales1, sums);
                else
                    OneRowKernels<TSimd, TInteger, TReal>.Int4(_x, (_quads + 1) / 2, unit.Weights0, unit.Weights1, unit.Scales0, unit.Scales1, sums);
                Store(unit, 0, 1, sums);
                return;
            }

            for (int end = row + rows; row < end;)
            {
                int tile = TileRows.Next(end - row, TSimd.Registers);
                AddBlocks(unit, row, tile, sums);
                Store(unit, row, tile, sums);
                row += tile;
            }
        }

        private readonly void AddBlocks(Unit unit, int row, int rows, float* sums)
        {
            new Span<float>(sums, rows * 2 * TSimd.Count).Clear();
            int blockQuads = QuantizedLayout.Block(_type) / Quad;
            int perActivationBlock = QuantizedActivations.Block / QuantizedLayout.Block(_type);
            var block = new TileBlock
            {
                Weights0 = unit.Weights0,
                Weights1 = unit.Weights1,
                Scales0 = unit.Scales0,
                Scales1 = unit.Scales1,
                Starts = _x.Starts + ((nint)row * _x.Blocks * perActivationBlock),
                Flip = _type == WeightType.Int8 ? unchecked((int)0x80808080) : 0,
            };
            for (int first = 0, index = 0; first < _quads; first += blockQuads, index++)
            {
                nint place = ((nint)row * _x.Blocks) + ((nint)(index / perActivationBlock) * rows);
                block.X = _x.Quants + (place * QuantizedActivations.Block) + (index % perActivationBlock * blockQuads * Quad);
                block.XScales = _x.Scales + place;
                block.Quads = Math.Min(blockQuads, _quads - first);
                IntegerTiles<TSimd, TInteger, TReal>.Add(rows, ref block, sums);
                block.Weights0 += blockQuads * Line;
                block.Weights1 += blockQuads * Line;
                block.Scales0 += Group;
                block.Scales1 += Group;
                block.Starts += rows;
            }
        }

        /// <summary>Unpacks the 4-bit weights of a unit into lines of two vectors of bytes.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly Unit Unpack(Unit unit, byte* bytes)
        {
            byte* target = bytes;
            nint second = GroupsPerUnit == 2 ? UnpackedQuads * Line : TSimd.Count * Quad;
            for (int line = 0; line < UnpackedQuads / 2; line++)
            {
                Split(unit.Weights0 + (line * Line), target);
                Split(unit.Weights1 + (line * Line), target + second);
                target += 2 * Line;
            }

            unit.Weights0 = bytes;
            unit.Weights1 = bytes + second;
            return unit;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Split(byte* source, byte* target)
        {
            TInteger pairs = TSimd.Load(source);
            TSimd.Store(TSimd.LowerHalves(pairs), target);
            TSimd.Store(TSimd.UpperHalves(pairs), target + Line);
        }

        private readonly void Store(Unit unit, int row, int rows, float* sums)
        {
            Store(unit.Output0, row, rows, sums);
            if (unit.HasSecond)
                Store(unit.Output1, row, rows, sums + TSimd.Count);
        }

        private readonly void Store(int output, int row, int rows, float* sums)
        {
            int count = Math.Min(TSimd.Count, _operands.Outputs - output);
            for (int i = 0; i < rows; i++, sums += 2 * TSimd.Count)
            {
                float* y = _operands.Y + ((nint)(row + i) * _operands.YStride) + output;
                if (_operands.Bias == null && count == TSimd.Count)
                {
                    TSimd.StoreReal(TSimd.LoadReal(sums), y);
                    continue;
                }

                for (int lane = 0; lane < count; lane++)
                    y[lane] = _operands.Bias == null ? sums[lane] : sums[lane] + _operands.Bias[output + lane];
            }
        }
    }
}
