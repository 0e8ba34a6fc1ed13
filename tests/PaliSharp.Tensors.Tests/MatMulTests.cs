using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Tensors.Quantization;
using Xunit;

namespace PaliSharp.Tensors.Tests;

public sealed class MatMulTests : IDisposable
{
    private const double Tolerance = 2e-6;
    private readonly ThreadTeam _team = new(2);
    private readonly TensorPool _pool = new();

    public static TheoryData<InstructionPath, WeightType> PathsAndTypes()
    {
        var data = new TheoryData<InstructionPath, WeightType>();
        foreach (InstructionPath path in MatMulCase.Paths())
        {
            foreach (WeightType type in Enum.GetValues<WeightType>())
                data.Add(path, type);
        }

        return data;
    }

    /// <summary>The types whose products are taken in float32; those of quantised weights are tested in <see cref="IntegerProductTests"/>.</summary>
    public static TheoryData<InstructionPath, WeightType> PathsAndDenseTypes()
    {
        var data = new TheoryData<InstructionPath, WeightType>();
        foreach (InstructionPath path in MatMulCase.Paths())
        {
            foreach (WeightType type in Enum.GetValues<WeightType>().Where(type => !QuantizedLayout.IsQuantized(type)))
                data.Add(path, type);
        }

        return data;
    }

    public void Dispose()
    {
        _team.Dispose();
        _pool.Dispose();
    }

    [Theory]
    [MemberData(nameof(PathsAndDenseTypes))]
    public void Odd_shapes_agree_with_float64(InstructionPath path, WeightType type)
    {
        (int Rows, int Inputs, int Outputs)[] shapes =
        [
            (1, 1, 1), (1, 1, 2), (1, 2, 1), (2, 1, 1), (3, 3, 3), (1, 7, 5), (1, 15, 4), (1, 16, 4), (1, 17, 4), (1, 31, 3), (1, 33, 6),
            (2, 127, 7), (3, 128, 9), (4, 129, 11), (5, 255, 13), (6, 256, 12), (7, 257, 17), (8, 64, 8), (9, 65, 31), (11, 1, 37), (12, 1023, 5),
            (13, 1, 1), (13, 5, 1), (14, 127, 2), (15, 129, 11), (16, 128, 12), (17, 128, 13), (23, 3, 97), (31, 130, 24), (32, 256, 96),
            (33, 257, 97), (47, 16, 25), (63, 300, 95), (64, 64, 64), (65, 1, 193), (97, 383, 101), (127, 129, 6), (256, 257, 12), (257, 100, 3),
            (509, 67, 5), (513, 33, 7), (1031, 19, 29), (1, 2304, 263), (7, 1152, 127), (70, 1152, 61), (20, 4304, 36),
        ];
        foreach ((int rows, int inputs, int outputs) in shapes)
        {
            using var product = new MatMulCase(rows, inputs, outputs, type, bias: (rows + outputs) % 2 == 0);
            double error = product.RelativeError(path, _team, _pool);
            Assert.True(error <= Tolerance, $"{rows} rows, {inputs} inputs, {outputs} outputs: {error:g3}");
        }
    }

    [Theory]
    [MemberData(nameof(PathsAndDenseTypes))]
    public void Long_sums_agree_with_float64(InstructionPath path, WeightType type)
    {
        foreach (int inputs in (int[])[2048, 4999, 9216, 16384])
        {
            foreach (MatMulValues values in Enum.GetValues<MatMulValues>())
            {
                foreach (int rows in (int[])[1, 2, 7, 33])
                {
                    using var product = new MatMulCase(rows, inputs, 14, type, bias: false, values);
                    double error = product.RelativeError(path, _team, _pool);
                    Assert.True(error <= Tolerance, $"{rows} rows, {inputs} inputs, {values}: {error:g3}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(PathsAndDenseTypes))]
    public void Random_shapes_agree_with_float64(InstructionPath path, WeightType type)
    {
        Gen<int> Extent(int most) => Gen.OneOf(Gen.Choose(1, 40), Gen.Choose(1, most));
        Gen<(int Rows, int Inputs, int Outputs, int Seed)> shapes =
            from rows in Extent(150)
            from inputs in Extent(700)
            from outputs in Extent(250)
            from seed in Gen.Choose(0, 1000)
            select (rows, inputs, outputs, seed);
        Property property = Prop.ForAll(shapes.ToArbitrary(), shape =>
        {
            using var product = new MatMulCase(shape.Rows, shape.Inputs, shape.Outputs, type, shape.Seed % 2 == 0, seed: shape.Seed);
            return product.RelativeError(path, _team, _pool) <= Tolerance;
        });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(40).WithReplay(5, 7), property);
    }

    [Theory]
    [MemberData(nameof(PathsAndTypes))]
    public void Any_number_of_threads_gives_the_same_bits(InstructionPath path, WeightType type)
    {
        using var one = new ThreadTeam(1);
        using var five = new ThreadTeam(5);
        foreach (int rows in (int[])[1, 3, 12, 13, 40, 300])
        {
            using var product = new MatMulCase(rows, 700, 205, type, bias: true);
            float[] expected = product.Multiply(path, one, _pool).ToArray();
            Assert.Equal(expected, product.Multiply(path, _team, _pool).ToArray());
            Assert.Equal(expected, product.Multiply(path, five, _pool).ToArray());
        }
    }

    [Theory]
    [MemberData(nameof(PathsAndTypes))]
    public void No_rows_and_no_outputs_do_nothing(InstructionPath path, WeightType type)
    {
        using var noRows = new MatMulCase(0, 5, 3, type, bias: true);
        Assert.Equal(0, noRows.Multiply(path, _team, _pool).Length);
        using var noOutputs = new MatMulCase(4, 5, 0, type, bias: false);
        Assert.Equal(0, noOutputs.Multiply(path, _team, _pool).Length);
    }

    [Theory]
    [MemberData(nameof(PathsAndTypes))]
    public void A_warm_product_allocates_nothing(InstructionPath path, WeightType type)
    {
        foreach (int rows in (int[])[1, 7, 40])
        {
            using var product = new MatMulCase(rows, 300, 100, type, bias: true);
            // The runtime allocates once when a thread first sleeps, which may happen at any time on a busy machine; a product that
            // allocates does so in every round.
            long least = long.MaxValue;
            for (int round = 0; round < 5 && least > 0; round++)
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int i = 0; i < 20; i++)
                    product.Multiply(path, _team, _pool);
                least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            }

            Assert.Equal(0, least);
        }
    }
}
