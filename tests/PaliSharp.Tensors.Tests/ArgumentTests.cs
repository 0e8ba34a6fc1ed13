using PaliSharp.Tensors.Cpu;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tensors.Tests;

/// <summary>Operands that do not fit are refused by name and shape before anything is read.</summary>
public sealed class ArgumentTests : IDisposable
{
    private readonly CpuBackend _backend = new(new CpuOptions { Threads = 1 });
    private readonly Tensor _x;
    private readonly Tensor _keys;

    public ArgumentTests()
    {
        _x = OperationCases.Input(_backend, 6, 40, 1);
        _keys = OperationCases.Input(_backend, 9, 20, 2);
    }

    public static TheoryData<string, string[], Action<ArgumentTests>> Misfits() => new()
    {
        { "Linear", ["[6, 40]", "[7, 41]"], test => test._backend.Linear(test._x, Matrix(7, 41)) },
        { "Linear", ["[6, 40]", "[40]"], test => test._backend.Linear(test._x, Vector(40)) },
        { "Linear", ["[7, 40]", "[8]"], test => test._backend.Linear(test._x, Matrix(7, 40), Vector(8)) },
        { "Linear", ["BFloat16"], test => test._backend.Linear(test._x, Matrix(7, 40), TestWeights.Normal(WeightType.BFloat16, new TensorShape(7), 1)) },
        { "LinearRows", ["[6, 40]", "[7, 41]"], test => test._backend.LinearRows(test._x, Matrix(7, 41), [0]) },
        { "Add", ["[6, 40]", "[9, 20]"], test => test._backend.Add(test._x, test._keys) },
        { "Add", ["[6, 40]", "[4, 40]"], test => test._backend.Add(test._x, Matrix(4, 40)) },
        { "Multiply", ["[6, 40]", "[39]"], test => test._backend.Multiply(test._x, Vector(39)) },
        { "LayerNorm", ["[6, 40]", "[41]"], test => test._backend.LayerNorm(test._x, Vector(40), Vector(41), 1e-6f) },
        { "RmsNorm", ["[6, 40]", "[1]"], test => test._backend.RmsNorm(test._x, Vector(1), 1e-6f) },
        { "RmsNorm", ["Float16"], test => test._backend.RmsNorm(test._x, TestWeights.Normal(WeightType.Float16, new TensorShape(40), 1), 1e-6f) },
        { "GatedGeluTanh", ["[6, 40]", "[9, 20]"], test => test._backend.GatedGeluTanh(test._x, test._keys) },
        { "RotaryEmbedding", ["[6, 40]", "12"], test => test._backend.RotaryEmbedding(test._x, new int[6], 12, 10_000) },
        { "RotaryEmbedding", ["[6, 40]", "[5]"], test => test._backend.RotaryEmbedding(test._x, new int[5], 10, 10_000) },
        { "Embedding", ["[40]"], test => test._backend.Embedding([1], Vector(40), 1) },
        { "Patches", ["[6, 40]"], test => test._backend.Patches(test._x, 2) },
        { "ConcatenateRows", ["[6, 40]", "[9, 20]"], test => test._backend.ConcatenateRows([new RowRun(test._x), new RowRun(test._keys)]) },
        { "Attention", ["[6, 40]", "3"], test => test.Attend(6, 9, new AttentionOptions(3, 1, 10, 1)) },
        { "Attention", ["4", "3"], test => test.Attend(6, 9, new AttentionOptions(4, 3, 10, 1)) },
        { "Attention", ["[9, 20]", "10 keys"], test => test.Attend(6, 10, new AttentionOptions(4, 2, 10, 1)) },
        { "Attention", ["[9, 20]"], test => test.Attend(6, 9, new AttentionOptions(4, 4, 10, 1)) },
        { "Attention", ["[6, 40]", "5"], test => test.Attend(5, 9, new AttentionOptions(4, 2, 10, 1)) },
        { "Attention", ["[6, 40]", "7"], test => test.Attend(7, 9, new AttentionOptions(4, 2, 10, 1)) },
        {
            "Attention", ["once"], test => test._backend.Attention(
                test._x,
                [test.Segment(0, 4, 9), test.Segment(3, 2, 9)],
                new AttentionOptions(4, 2, 10, 1))
        },
    };

    [Theory]
    [MemberData(nameof(Misfits))]
    public void MisfitsAreNamed(string operation, string[] shapes, Action<ArgumentTests> act)
    {
        var exception = Assert.ThrowsAny<ArgumentException>(() => act(this));
        Assert.Contains(operation, exception.Message, StringComparison.Ordinal);
        Assert.All(shapes, shape => Assert.Contains(shape, exception.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void AnIdBeyondTheTableIsNamedWithItsSize()
    {
        foreach (int id in (int[])[50, -1, int.MaxValue, int.MinValue])
        {
            var exception = Assert.Throws<ArgumentOutOfRangeException>(() => _backend.Embedding([3, id], Matrix(50, 8), 1));
            Assert.Contains($"{id}", exception.Message, StringComparison.Ordinal);
            Assert.Contains("50 rows", exception.Message, StringComparison.Ordinal);
            exception = Assert.Throws<ArgumentOutOfRangeException>(() => _backend.LinearRows(_x, Matrix(50, 40), [3, id]));
            Assert.Contains($"{id}", exception.Message, StringComparison.Ordinal);
            Assert.Contains("50 rows", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ValuesOutOfRangeAreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _backend.SoftCap(_x, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => _backend.SoftCap(_x, float.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => _backend.RotaryEmbedding(_x, [0, 1, 2, 3, 4, -5], 10, 10_000));
        Assert.Throws<ArgumentOutOfRangeException>(() => _backend.RotaryEmbedding(_x, [0, 1, 2, 3, 4, int.MaxValue], 10, 10_000));
        Assert.Throws<ArgumentOutOfRangeException>(() => _backend.RotaryEmbedding(_x, new int[6], 10, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => _backend.ConcatenateRows([new RowRun(_x, 5, 2)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => _backend.ConcatenateRows([new RowRun(_x, int.MaxValue, 1)]));
        Assert.Throws<ArgumentException>(() => _backend.ConcatenateRows([]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Attend(6, 9, new AttentionOptions(4, 2, 10, 1, SoftCap: -1)));
        Assert.Throws<ArgumentNullException>(() => _backend.GeluTanh(null!));
        Assert.Throws<ArgumentNullException>(() => _backend.Add(_x, (Tensor)null!));
        Assert.Throws<ArgumentNullException>(() => _backend.Linear(_x, null!));
    }

    [Fact]
    public void ADisposedTensorIsRefused()
    {
        Tensor gone = OperationCases.Input(_backend, 6, 40, 1);
        gone.Dispose();
        Assert.Throws<ObjectDisposedException>(() => _backend.Add(_x, gone));
        Assert.Throws<ObjectDisposedException>(() => _backend.GeluTanh(gone));
        Assert.Throws<ObjectDisposedException>(() => _backend.ConcatenateRows([new RowRun(_x), new RowRun(gone)]));
    }

    [Fact]
    public void NoRowsGiveNoRows()
    {
        using Tensor none = _backend.Rent(new TensorShape(0, 40));
        AssertEmpty(_backend.Linear(none, Matrix(7, 40)), 7);
        AssertEmpty(_backend.LinearRows(none, Matrix(7, 40), [3, 1]), 2);
        AssertEmpty(_backend.Add(none, none), 40);
        AssertEmpty(_backend.RmsNorm(none, Vector(40), 1e-6f), 40);
        AssertEmpty(_backend.LayerNorm(none, Vector(40), Vector(40), 1e-6f), 40);
        AssertEmpty(_backend.GeluTanh(none), 40);
        AssertEmpty(_backend.RotaryEmbedding(none, [], 10, 10_000), 40);
        AssertEmpty(_backend.Embedding([], Matrix(50, 40), 1), 40);
        AssertEmpty(_backend.Attention(none, [], new AttentionOptions(4, 2, 10, 1)), 40);
        AssertEmpty(_backend.ConcatenateRows([new RowRun(_x, 3, 0)]), 40);
    }

    public void Dispose() => _backend.Dispose();

    private static void AssertEmpty(Tensor tensor, int columns)
    {
        using (tensor)
        {
            Assert.Equal(0, tensor.Rows);
            Assert.Equal(columns, tensor.Columns);
        }
    }

    private static Weight Matrix(int rows, int columns) => TestWeights.Normal(WeightType.Float32, new TensorShape(rows, columns), 1);

    private static Weight Vector(int count) => TestWeights.Normal(WeightType.Float32, new TensorShape(count), 1);

    private AttentionSegment Segment(int start, int count, int keys) => new(start, count, _keys, _keys, 0, keys, 0, 0);

    private Tensor Attend(int queries, int keys, AttentionOptions options) => _backend.Attention(_x, [Segment(0, queries, keys)], options);
}
