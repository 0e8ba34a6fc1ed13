using System.Runtime.Intrinsics;
using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Tensors.Cpu.MatMul;
using PaliSharp.Tensors.Cpu.MatMul.Integer;
using PaliSharp.Tensors.Quantization;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tensors.Tests;

/// <summary>The kinds of byte products.</summary>
public enum ByteProducts
{
    /// <summary>AVX-512BW.</summary>
    Avx512,

    /// <summary>AVX-VNNI.</summary>
    AvxVnni,

    /// <summary>AVX2.</summary>
    Avx2,

    /// <summary>Arm's dot product.</summary>
    ArmDp,

    /// <summary>Any processor.</summary>
    Portable,
}

public sealed class IntegerProductTests : IDisposable
{
    private readonly ThreadTeam _team = new(2);
    private readonly TensorPool _pool = new();

    public static TheoryData<ByteProducts, WeightType> PathsAndTypes()
    {
        var data = new TheoryData<ByteProducts, WeightType>();
        foreach (ByteProducts path in Enum.GetValues<ByteProducts>().Where(IsSupported))
        {
            data.Add(path, WeightType.Int8);
            data.Add(path, WeightType.Int4);
        }

        return data;
    }

    public void Dispose()
    {
        _team.Dispose();
        _pool.Dispose();
    }

    [Theory]
    [MemberData(nameof(PathsAndTypes))]
    public void Odd_shapes_have_the_bits_of_the_reference(ByteProducts path, WeightType type)
    {
        (int Rows, int Inputs, int Outputs)[] shapes =
        [
            (1, 1, 1), (1, 4, 16), (1, 7, 5), (1, 64, 17), (1, 65, 31), (1, 127, 33), (1, 128, 32), (1, 129, 48), (1, 1152, 61), (1, 2304, 263),
            (2, 3, 3), (3, 128, 9), (4, 129, 11), (5, 255, 13), (6, 256, 12), (7, 257, 17), (8, 64, 8), (8, 640, 64), (9, 65, 31), (11, 1, 37),
            (12, 1023, 5), (13, 5, 1), (14, 127, 2), (15, 129, 11), (16, 128, 12), (17, 384, 49), (23, 3, 97), (31, 130, 24), (63, 300, 95),
            (65, 1, 193), (97, 383, 101), (256, 257, 12), (1031, 19, 29), (7, 4304, 20), (1, 9216, 18), (70, 1152, 61),
        ];
        foreach ((int rows, int inputs, int outputs) in shapes)
        {
            using var product = new MatMulCase(rows, inputs, outputs, type, bias: (rows + outputs) % 2 == 0);
            AssertSameBits(path, product, rows, $"{rows} rows, {inputs} inputs, {outputs} outputs");
        }
    }

    [Theory]
    [MemberData(nameof(PathsAndTypes))]
    public void Random_shapes_have_the_bits_of_the_reference(ByteProducts path, WeightType type)
    {
        Gen<(int Rows, int Inputs, int Outputs, int Seed)> shapes =
            from rows in Gen.Choose(1, 40)
            from inputs in Gen.OneOf(Gen.Choose(1, 40), Gen.Choose(1, 500))
            from outputs in Gen.Choose(1, 120)
            from seed in Gen.Choose(0, 1000)
            select (rows, inputs, outputs, seed);
        Property property = Prop.ForAll(shapes.ToArbitrary(), shape =>
        {
            using var product = new MatMulCase(shape.Rows, shape.Inputs, shape.Outputs, type, shape.Seed % 2 == 0, seed: shape.Seed);
            AssertSameBits(path, product, shape.Rows, $"{shape}");
        });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(30).WithReplay(5, 7), property);
    }

    /// <summary>Whatever saturates in 16 bits would show here: the largest weights of one sign meet the largest activations.</summary>
    [Theory]
    [MemberData(nameof(PathsAndTypes))]
    public void The_largest_values_do_not_saturate(ByteProducts path, WeightType type)
    {
        foreach (int rows in (int[])[1, 7])
        {
            foreach (float weight in (float[])[1, -1])
            {
                foreach (int pattern in (int[])[0b1111, 0b0101, 0b0110, 0b0001, 0b0000])
                {
                    using var product = new MatMulCase(rows, 512, 33, type, bias: false);
                    Weight extreme = Quantizer.Quantize(
                        Weight.FromValues("extreme", product.Stored.Shape, [.. Enumerable.Repeat(weight, 512 * 33)]), type);
                    for (int i = 0; i < product.X.Length; i++)
                        product.X[i] = (pattern >> (i % 4) & 1) == 1 ? 3 : -3;
                    float[] actual = [.. product.Run(operands => Multiply(path, type, With(operands, extreme)))];
                    Assert.Equal(IntegerReference.Multiply(product.X, rows, extreme, default), actual);
                }
            }
        }
    }

    /// <summary>Half a step of each activation is all that is lost.</summary>
    [Theory]
    [InlineData(WeightType.Int8)]
    [InlineData(WeightType.Int4)]
    public void Results_stay_within_the_steps_of_the_activations(WeightType type)
    {
        const int Inputs = 1000;
        foreach (MatMulValues values in Enum.GetValues<MatMulValues>())
        {
            using var product = new MatMulCase(3, Inputs, 21, type, bias: false, values);
            product.X[5] = 40; // one that stands out
            ReadOnlySpan<float> actual = product.Multiply(MatMulCase.Paths().First(), _team, _pool);
            float[] row = new float[Inputs];
            int[] quants = new int[Inputs];
            float[] scales = new float[8];
            for (int i = 0; i < actual.Length; i++)
            {
                ReadOnlySpan<float> x = product.X.Slice(i / 21 * Inputs, Inputs);
                ActivationRounding.Round(x, type == WeightType.Int8, quants, scales);
                product.Stored.CopyTo((long)(i % 21) * Inputs, Inputs, row);
                double sum = 0;
                double bound = 0;
                for (int k = 0; k < Inputs; k++)
                {
                    sum += (double)x[k] * row[k];
                    bound += Math.Abs(row[k]) * ((scales[k / 128] * 0.5001) + (Math.Abs(x[k]) * 1e-6));
                }

                Assert.InRange(Math.Abs(actual[i] - sum), 0, bound);
            }
        }
    }

    [Theory]
    [MemberData(nameof(PathsAndTypes))]
    public void A_row_is_the_same_alone_and_among_others(ByteProducts path, WeightType type)
    {
        const int Inputs = 300;
        const int Outputs = 83;
        using var all = new MatMulCase(17, Inputs, Outputs, type, bias: true);
        float[] together = [.. all.Run(operands => Multiply(path, type, operands))];
        for (int rows = 1; rows <= 17; rows++)
        {
            for (int start = 0; start + rows <= 17; start += rows)
            {
                float[] some = [.. all.Run(operands => Multiply(path, type, operands.SliceRows(start, rows)))];
                Assert.Equal(together.AsSpan(start * Outputs, rows * Outputs), some.AsSpan(start * Outputs, rows * Outputs));
            }
        }
    }

    [Theory]
    [MemberData(nameof(PathsAndTypes))]
    public void What_is_no_number_stays_none_in_its_row(ByteProducts path, WeightType type)
    {
        foreach (float value in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
        {
            using var product = new MatMulCase(3, 200, 20, type, bias: false);
            product.X[250] = value;
            float[] y = [.. product.Run(operands => Multiply(path, type, operands))];
            Assert.All(y[..20], number => Assert.True(float.IsFinite(number)));
            Assert.All(y[20..40], number => Assert.True(float.IsNaN(number)));
            Assert.All(y[40..], number => Assert.True(float.IsFinite(number)));
        }
    }

    [Theory]
    [InlineData(WeightType.Int8)]
    [InlineData(WeightType.Int4)]
    public void Chosen_outputs_are_those_of_the_whole_product(WeightType type)
    {
        using var backend = new CpuBackend(new CpuOptions { Threads = 2 });
        Weight weight = TestWeights.Normal(type, new TensorShape(101, 150), 3);
        using Tensor x = backend.Rent(new TensorShape(5, 150));
        TestNumbers.Normal(5 * 150, 4).CopyTo(x.Span);
        using Tensor whole = backend.Linear(x, weight);
        foreach (int[] chosen in (int[][])[[0], [100, 0, 100], [.. Enumerable.Range(10, 60)], [5, 90, 6, 7, 33, 32, 31]])
        {
            using Tensor some = backend.LinearRows(x, weight, chosen);
            for (int row = 0; row < 5; row++)
            {
                for (int i = 0; i < chosen.Length; i++)
                    Assert.Equal(whole.Row(row)[chosen[i]], some.Row(row)[i]);
            }
        }
    }

    private static bool IsSupported(ByteProducts path) => path switch
    {
        ByteProducts.Avx512 => Avx512Integer.IsSupported,
        ByteProducts.AvxVnni => AvxVnniInteger.IsSupported,
        ByteProducts.Avx2 => Avx2Integer.IsSupported,
        ByteProducts.ArmDp => ArmDpInteger.IsSupported,
        _ => PortableInteger.IsSupported,
    };

    private static unsafe ProductOperands With(ProductOperands operands, Weight weight) =>
        new(operands.X, operands.Rows, weight.Data, operands.Outputs, operands.Inputs, operands.Bias, operands.Y, operands.YStride);

    private void AssertSameBits(ByteProducts path, MatMulCase product, int rows, string what)
    {
        float[] expected = IntegerReference.Multiply(product.X, rows, product.Stored, product.Bias);
        ReadOnlySpan<float> actual = product.Run(operands => Multiply(path, product.Stored.Type, operands));
        for (int i = 0; i < expected.Length; i++)
            Assert.True(expected[i].Equals(actual[i]), $"{what}: {actual[i]:r} at {i}, {expected[i]:r} expected");
    }

    private unsafe void Multiply(ByteProducts path, WeightType type, ProductOperands operands)
    {
        switch (path)
        {
            case ByteProducts.Avx512:
                IntegerProduct<Avx512Integer, Vector512<int>, Vector512<float>>.Multiply(_team, _pool, type, new ReadOnlySpan<ProductOperands>(in operands));
                break;
            case ByteProducts.AvxVnni:
                IntegerProduct<AvxVnniInteger, Vector256<int>, Vector256<float>>.Multiply(_team, _pool, type, new ReadOnlySpan<ProductOperands>(in operands));
                break;
            case ByteProducts.Avx2:
                IntegerProduct<Avx2Integer, Vector256<int>, Vector256<float>>.Multiply(_team, _pool, type, new ReadOnlySpan<ProductOperands>(in operands));
                break;
            case ByteProducts.ArmDp:
                IntegerProduct<ArmDpInteger, Vector128<int>, Vector128<float>>.Multiply(_team, _pool, type, new ReadOnlySpan<ProductOperands>(in operands));
                break;
            default:
                IntegerProduct<PortableInteger, Vector128<int>, Vector128<float>>.Multiply(_team, _pool, type, new ReadOnlySpan<ProductOperands>(in operands));
                break;
        }
    }
}
