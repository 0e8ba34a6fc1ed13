using PaliSharp.Tensors.Cpu;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tensors.Tests;

/// <summary>A decode loop must leave nothing to the garbage collector.</summary>
public sealed class AllocationTests
{
    private const int Width = 96;
    private const int Heads = 4;
    private const int KeyHeads = 2;
    private const int HeadSize = 24;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(1, 9)]
    [InlineData(2, 9)]
    public void DecodeAllocatesNothing(int threads, int rows)
    {
        using var backend = new CpuBackend(new CpuOptions { Threads = threads });
        using var decoder = new Decoder(backend, rows);
        for (int step = 0; step < 100; step++)
            decoder.Step(step);

        // The pool grows once more when threads hold scratch memory at the same moment for the first time, which is a matter of chance; but
        // that can happen a few times for each thread, while a leak would grow in every round.
        for (int round = 0; ; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            long native = backend.Pool.AllocatedBytes;
            for (int step = 0; step < 100; step++)
                decoder.Step(step);
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
            if (backend.Pool.AllocatedBytes == native)
                return;
            Assert.True(round < 4 * threads, $"The pool still grows in round {round}: {native} bytes, then {backend.Pool.AllocatedBytes}.");
        }
    }

    /// <summary>One layer that uses every operation.</summary>
    private sealed class Decoder : IDisposable
    {
        private readonly CpuBackend _backend;
        private readonly int _rows;
        private readonly int[] _ids;
        private readonly int[] _positions;
        private readonly Tensor _keys;
        private readonly Tensor _values;
        private readonly Tensor _pixels;
        private readonly Weight _table = TestWeights.Normal(WeightType.BFloat16, new TensorShape(50, Width), 1);
        private readonly Weight _square = TestWeights.Normal(WeightType.BFloat16, new TensorShape(Width, Width), 2, 0.1f);
        private readonly Weight _vector = TestWeights.Normal(WeightType.Float32, new TensorShape(Width), 3);

        public Decoder(CpuBackend backend, int rows)
        {
            _backend = backend;
            _rows = rows;
            _ids = new int[rows];
            _positions = new int[rows];
            _keys = OperationCases.Input(backend, 400, KeyHeads * HeadSize, 4);
            _values = OperationCases.Input(backend, 400, KeyHeads * HeadSize, 5);
            _pixels = OperationCases.Input(backend, 1, 3 * 8 * 8, 6).Reshape(new TensorShape(1, 3, 8, 8));
        }

        public void Step(int step)
        {
            for (int row = 0; row < _rows; row++)
            {
                _ids[row] = (step + row) % 50;
                _positions[row] = 200 + step + row;
            }

            using Tensor patches = _backend.Patches(_pixels, 4);
            using Tensor embedded = _backend.Embedding(_ids, _table, 9.8f);
            using Tensor normed = _backend.RmsNorm(embedded, _vector, 1e-6f);
            using Tensor projected = _backend.Linear(normed, _square, _vector);
            Span<Tensor> pair = [null!, null!];
            _backend.LinearTogether(normed, [_square, _square], [null, _vector], pair);
            using Tensor first = pair[0], second = pair[1];
            using Tensor queries = _backend.RotaryEmbedding(projected, _positions, HeadSize, 10_000);
            ReadOnlySpan<AttentionSegment> segments = [new(0, _rows, _keys, _values, 0, 300 + step, 200 + step, 100)];
            using Tensor attended = _backend.Attention(queries, segments, new AttentionOptions(Heads, KeyHeads, HeadSize, 0.2f, 50));
            using Tensor residual = _backend.Add(embedded, attended);
            using Tensor gated = _backend.GatedGeluTanh(residual, attended);
            using Tensor active = _backend.GeluTanh(gated);
            using Tensor shifted = _backend.Add(active, _vector);
            using Tensor scaled = _backend.Multiply(shifted, _vector);
            using Tensor layer = _backend.LayerNorm(scaled, _vector, _vector, 1e-6f);
            ReadOnlySpan<RowRun> runs = [new(layer), new(scaled, 0, 1)];
            using Tensor stacked = _backend.ConcatenateRows(runs);
            using Tensor chosen = _backend.LinearRows(stacked, _square, [7, 3, 4, 5]);
            using Tensor capped = _backend.SoftCap(stacked, 30);
        }

        public void Dispose()
        {
            _keys.Dispose();
            _values.Dispose();
            _pixels.Dispose();
        }
    }
}
