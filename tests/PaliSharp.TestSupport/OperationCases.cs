using PaliSharp.Tensors;

namespace PaliSharp.TestSupport;

/// <summary>Cases of every operation on shapes that fit no vector: ones, primes, one more or less than a power of two, long rows.</summary>
public static class OperationCases
{
    /// <summary>Lengths of rows.</summary>
    public static IReadOnlyList<int> Lengths { get; } = [1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 64, 67, 127, 257, 1152, 2048, 4099, 16384];

    /// <summary>All cases.</summary>
    public static IReadOnlyList<OperationCase> All { get; } =
    [
        .. Lengths.SelectMany(length => RowOperations(length < 300 ? 13 : 3, length)),
        .. RowOperations(1, 2304),
        .. RowOperations(37, 1153),
        Add(12, 40, 4, 1),
        Add(15, 33, 5, -0.37f),
        Add(9, 1, 3, 2),
        Add(1024, 72, 256, 1),
        .. LinearCases(),
        .. LinearRowsCases(),

        // More scattered rows than are copied at once, then a run that is read where it lies.
        LinearRows(2, 4099, 700, WeightType.Float32, [.. Enumerable.Range(0, 349).Select(i => 2 * i), .. Enumerable.Range(0, 300)]),
        .. RotaryCases(),
        .. EmbeddingCases(),
        Patches(1, 1, 1, 1, 1),
        Patches(2, 3, 15, 15, 5),
        Patches(1, 3, 224, 224, 14),
        Patches(3, 2, 12, 12, 4),
        Patches(2, 3, 15, 10, 5),
        Concatenate(1),
        Concatenate(33),
        .. AttentionCases(),
    ];

    /// <summary>Some cases of every operation that take no time even without any vector instructions.</summary>
    public static IReadOnlyList<OperationCase> Quick { get; } =
    [
        .. RowOperations(5, 37),
        .. RowOperations(2, 257),
        Add(12, 40, 4, 1),
        .. Enum.GetValues<WeightType>().Select(type => Linear(7, 131, 65, type, bias: true)),
        LinearRows(2, 131, 65, WeightType.BFloat16, [64, 3, 4, 5, 3]),
        Rotary(7, 2, 24, 8191),
        .. EmbeddingCases(),
        Patches(2, 3, 15, 10, 5),
        Concatenate(33),
        new AttentionCase(6, 2, 24, [new(9, 13, 4, 6), new(1, 140, 139, 0)]) { SoftCap = 50, Window = 131 }.ToOperation(),
        new AttentionCase(8, 1, 72, [new(17, 17, 0, 17)]).ToOperation(),
    ];

    /// <summary>The element by element and row by row operations on one shape.</summary>
    /// <param name="rows">At least 1.</param>
    /// <param name="columns">At least 1.</param>
    public static IEnumerable<OperationCase> RowOperations(int rows, int columns)
    {
        string shape = $"[{rows}, {columns}]";
        int seed = (rows * 31) + columns;
        yield return Add(rows, columns, rows, 1);
        yield return Add(rows, columns, 1, 0.3f);
        yield return new($"AddWeight {shape}", backend =>
        {
            using Tensor a = Input(backend, rows, columns, seed);
            return backend.Add(a, RowWeight(columns, seed + 1));
        });
        yield return new($"Multiply {shape}", backend =>
        {
            using Tensor x = Input(backend, rows, columns, seed);
            return backend.Multiply(x, RowWeight(columns, seed + 1));
        });
        yield return new($"LayerNorm {shape}", backend =>
        {
            using Tensor x = Input(backend, rows, columns, seed, 2, 0.5f);
            return backend.LayerNorm(x, RowWeight(columns, seed + 1), RowWeight(columns, seed + 2), 1e-6f);
        });
        yield return new($"LayerNorm far from zero {shape}", backend =>
        {
            using Tensor x = Input(backend, rows, columns, seed, 1, 100);
            return backend.LayerNorm(x, RowWeight(columns, seed + 1), RowWeight(columns, seed + 2), 1e-6f);
        });
        yield return new($"RmsNorm {shape}", backend =>
        {
            using Tensor x = Input(backend, rows, columns, seed, 3);
            return backend.RmsNorm(x, RowWeight(columns, seed + 1), 1e-6f);
        });
        yield return new($"RmsNorm of a constant {shape}", backend =>
        {
            using Tensor x = Input(backend, rows, columns, seed, 0, 0.1f);
            return backend.RmsNorm(x, RowWeight(columns, seed + 1), 1e-6f);
        });
        yield return new($"GeluTanh {shape}", backend =>
        {
            using Tensor x = Input(backend, rows, columns, seed, 3);
            return backend.GeluTanh(x);
        });
        yield return new($"GatedGeluTanh {shape}", backend =>
        {
            using Tensor gate = Input(backend, rows, columns, seed, 2);
            using Tensor up = Input(backend, rows, columns, seed + 1);
            return backend.GatedGeluTanh(gate, up);
        });
        yield return new($"SoftCap {shape}", backend =>
        {
            using Tensor x = Input(backend, rows, columns, seed, 40);
            return backend.SoftCap(x, 30);
        });
    }

    /// <summary>Addition with repeating rows.</summary>
    /// <param name="rows">Rows of a.</param>
    /// <param name="columns">Columns of both.</param>
    /// <param name="repeatingRows">Rows of b; divides <paramref name="rows"/>.</param>
    /// <param name="scale">The factor of b.</param>
    public static OperationCase Add(int rows, int columns, int repeatingRows, float scale) =>
        new($"Add [{rows}, {columns}] + {scale}·[{repeatingRows}, {columns}]", backend =>
        {
            using Tensor a = Input(backend, rows, columns, 3);
            using Tensor b = Input(backend, repeatingRows, columns, 4);
            return backend.Add(a, b, scale);
        });

    /// <summary>A product with a weight.</summary>
    /// <param name="rows">Rows of x.</param>
    /// <param name="inputs">Columns of x.</param>
    /// <param name="outputs">Rows of the weight.</param>
    /// <param name="type">The weight's storage.</param>
    /// <param name="bias">Whether there is a bias.</param>
    public static OperationCase Linear(int rows, int inputs, int outputs, WeightType type, bool bias) =>
        new($"Linear [{rows}, {inputs}]·[{outputs}, {inputs}]ᵀ {type}{(bias ? " + bias" : "")}", backend =>
        {
            using Tensor x = Input(backend, rows, inputs, 5);
            Weight weight = TestWeights.Normal(type, new TensorShape(outputs, inputs), 6);
            return backend.Linear(x, weight, bias ? RowWeight(outputs, 7) : null);
        });

    /// <summary>A product with some rows of a weight.</summary>
    /// <param name="rows">Rows of x.</param>
    /// <param name="inputs">Columns of x.</param>
    /// <param name="outputs">Rows of the weight.</param>
    /// <param name="type">The weight's storage.</param>
    /// <param name="chosen">Which rows.</param>
    public static OperationCase LinearRows(int rows, int inputs, int outputs, WeightType type, int[] chosen) =>
        new($"LinearRows [{rows}, {inputs}]·[{outputs}, {inputs}]ᵀ {type}, {chosen.Length} rows from {chosen.FirstOrDefault()} on", backend =>
        {
            using Tensor x = Input(backend, rows, inputs, 13);
            return backend.LinearRows(x, TestWeights.Normal(type, new TensorShape(outputs, inputs), 14), chosen);
        });

    /// <summary>A rotation with positions that step through the range.</summary>
    /// <param name="rows">Rows of x.</param>
    /// <param name="heads">Heads of a row.</param>
    /// <param name="headSize">Even.</param>
    /// <param name="farthest">The largest position.</param>
    /// <param name="thetaBase">The base.</param>
    public static OperationCase Rotary(int rows, int heads, int headSize, int farthest, float thetaBase = 10_000) =>
        new($"RotaryEmbedding [{rows}, {heads}·{headSize}] to {farthest}, base {thetaBase}", backend =>
        {
            using Tensor x = Input(backend, rows, heads * headSize, 8);
            int[] positions = [.. Enumerable.Range(0, rows).Select(row => farthest - (int)((long)row * farthest / rows))];
            return backend.RotaryEmbedding(x, positions, headSize, thetaBase);
        });

    /// <summary>A tensor of normally distributed values.</summary>
    /// <param name="backend">Lends the memory.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="seed">Any number.</param>
    /// <param name="deviation">The standard deviation.</param>
    /// <param name="mean">The mean.</param>
    public static Tensor Input(TensorBackend backend, int rows, int columns, int seed, float deviation = 1, float mean = 0)
    {
        Tensor tensor = backend.Rent(new TensorShape(rows, columns));
        TestNumbers.FillNormal(tensor.Span, seed, deviation, mean);
        return tensor;
    }

    private static Weight RowWeight(int columns, int seed) => TestWeights.Normal(WeightType.Float32, new TensorShape(columns), seed);

    private static IEnumerable<OperationCase> LinearCases() =>
        from shape in new (int Rows, int Inputs, int Outputs)[] { (1, 1, 1), (1, 37, 23), (7, 131, 65), (3, 16384, 5), (33, 72, 50), (2, 1152, 67) }
        from type in Enum.GetValues<WeightType>()
        from bias in new[] { false, true }
        select Linear(shape.Rows, shape.Inputs, shape.Outputs, type, bias);

    // Rows alone, none, adjacent, repeated, all of them, runs among scattered ones.
    private static IEnumerable<OperationCase> LinearRowsCases() =>
        from rows in new[] { 1, 3, 17 }
        from type in Enum.GetValues<WeightType>()
        from chosen in new int[][]
        {
            [0], [], [5, 6, 7, 8, 9], [66, 0, 66, 31], [.. Enumerable.Range(0, 67)], [7, .. Enumerable.Range(20, 40), 3, 2, 1],
        }
        select LinearRows(rows, 72, 67, type, chosen);

    private static IEnumerable<OperationCase> RotaryCases() =>
    [
        Rotary(1, 1, 2, 0),
        Rotary(1, 3, 10, 8191),
        Rotary(7, 8, 256, 8191),
        Rotary(70, 2, 24, 200),
        Rotary(5, 1, 72, 131_071, 1_000_000),
        Rotary(300, 4, 128, 1023, 500),
    ];

    private static IEnumerable<OperationCase> EmbeddingCases() =>
        from type in Enum.GetValues<WeightType>()
        from width in new[] { 1, 37, 2048 }
        select new OperationCase($"Embedding [5] of [29, {width}] {type}", backend =>
            backend.Embedding([3, 0, 28, 3, 17], TestWeights.Normal(type, new TensorShape(29, width), 9), 6.0827627f));

    private static OperationCase Patches(int pictures, int channels, int height, int width, int patch) =>
        new(
            $"Patches [{pictures}, {channels}, {height}, {width}] by {patch}",
            backend =>
            {
                using Tensor pixels = Input(backend, pictures, channels * height * width, 10).Reshape(new TensorShape(pictures, channels, height, width));
                return backend.Patches(pixels, patch);
            },
            Tolerance: 0);

    private static OperationCase Concatenate(int columns) =>
        new(
            $"ConcatenateRows of {columns}",
            backend =>
            {
                using Tensor a = Input(backend, 5, columns, 11);
                using Tensor b = Input(backend, 3, columns, 12);
                return backend.ConcatenateRows([new RowRun(b), new RowRun(a, 4, 1), new RowRun(a, 2, 0), new RowRun(a, 1, 2)]);
            },
            Tolerance: 0);

    private static IEnumerable<OperationCase> AttentionCases() =>
    [
        .. from headSize in new[] { 1, 7, 10, 16, 24, 40, 72, 128, 256 }
           from heads in new (int Query, int Key)[] { (1, 1), (8, 1), (6, 2), (5, 5) }
           select new AttentionCase(heads.Query, heads.Key, headSize, [new(9, 13, 4, 6)]).ToOperation(),
        new AttentionCase(16, 16, 72, [new(131, 131, 0, 131)]).ToOperation(),
        new AttentionCase(8, 1, 256, [new(77, 600, 523, 0)]).ToOperation(),
        new AttentionCase(8, 4, 256, [new(77, 77, 0, 60)]) { SoftCap = 50, QueryDeviation = 3 }.ToOperation(),
        new AttentionCase(4, 2, 24, [new(300, 300, 0, 40)]) { SoftCap = 50, Window = 17 }.ToOperation(),
        new AttentionCase(4, 2, 24, [new(1, 700, 699, 40), new(1, 3, 2, 0), new(1, 129, 128, 0)]) { SoftCap = 50, Window = 513 }.ToOperation(),
        new AttentionCase(8, 1, 256, [new(1, 1, 0, 0)]).ToOperation(),
        new AttentionCase(8, 1, 256, [new(1, 1031, 1030, 0)]).ToOperation(),
        new AttentionCase(3, 1, 10, [new(1, 257, 256, 0), new(5, 9, 4, 7), new(0, 3, 0, 0), new(1, 4, 3, 0)]).ToOperation(),
        new AttentionCase(2, 2, 10, [new(3, 2, 0, 0), new(2, 0, 0, 0), new(1, 0, 0, 0)]).ToOperation(),
        new AttentionCase(2, 1, 40, [new(40, 300, 600, 0)]) { Window = 320 }.ToOperation(),
        new AttentionCase(16, 8, 128, [new(30, 290, 260, 256), new(1, 258, 257, 256)]) { SoftCap = 50 }.ToOperation(),
    ];
}
