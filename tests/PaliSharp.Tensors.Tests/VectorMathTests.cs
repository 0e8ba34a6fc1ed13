using System.Numerics;
using System.Runtime.Intrinsics;
using PaliSharp.Tensors.Cpu.Kernels;
using PaliSharp.Tensors.Cpu.Simd;
using Xunit;

namespace PaliSharp.Tensors.Tests;

/// <summary>The elementary functions over their whole range.</summary>
public sealed unsafe class VectorMathTests
{
    /// <summary>Floats from −∞ to ∞, 40,000 apart in the order of their bits: every exponent many times, subnormals included.</summary>
    private static readonly float[] Samples = [.. Enumerable.Range(0, 100_000).Select(i => Ordered((long)int.MinValue + (i * 42_949L))).Where(float.IsFinite)];

    public static TheoryData<string> Paths()
    {
        var data = new TheoryData<string> { nameof(PortableSimd) };
        if (Avx512Simd.IsSupported)
            data.Add(nameof(Avx512Simd));
        if (Avx2Simd.IsSupported)
            data.Add(nameof(Avx2Simd));
        if (AdvSimdSimd.IsSupported)
            data.Add(nameof(AdvSimdSimd));
        return data;
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void ExpIsWithinTwoUnits(string path)
    {
        float[] actual = Run(path, Function.Exp, Samples);
        for (int i = 0; i < Samples.Length; i++)
        {
            double expected = Math.Exp(Samples[i]);
            if ((float)expected is var rounded && (float.IsInfinity(rounded) || rounded == 0))
                Assert.True(actual[i] == rounded, $"exp({Samples[i]:R}) = {actual[i]:R}, not {rounded:R}");
            else
                Assert.True(Math.Abs(actual[i] - expected) <= 2 * Unit(expected), $"exp({Samples[i]:R}) = {actual[i]:R}, not {expected:R}");
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void TanhIsRelativelyExactEverywhere(string path)
    {
        float[] actual = Run(path, Function.Tanh, Samples);
        for (int i = 0; i < Samples.Length; i++)
        {
            double expected = Math.Tanh(Samples[i]);
            double limit = Math.Max(2e-7 * Math.Abs(expected), float.Epsilon);
            Assert.True(Math.Abs(actual[i] - expected) <= limit, $"tanh({Samples[i]:R}) = {actual[i]:R}, not {expected:R}");
            Assert.InRange(actual[i], -1, 1);
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void DenseSamplesWhereTheFunctionsBend(string path)
    {
        float[] x = [.. Enumerable.Range(-200_000, 400_001).Select(i => i * 5e-5f)];
        float[] exponentials = Run(path, Function.Exp, x);
        float[] tangents = Run(path, Function.Tanh, x);
        double worstExp = 0;
        double worstTanh = 0;
        for (int i = 0; i < x.Length; i++)
        {
            worstExp = Math.Max(worstExp, Math.Abs(exponentials[i] - Math.Exp(x[i])) / Unit(Math.Exp(x[i])));
            if (x[i] != 0)
                worstTanh = Math.Max(worstTanh, Math.Abs((tangents[i] - Math.Tanh(x[i])) / Math.Tanh(x[i])));
        }

        Assert.InRange(worstExp, 0, 1.5);
        Assert.InRange(worstTanh, 0, 2e-7);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void SoftmaxExponentialAgreesWhereItMatters(string path)
    {
        float[] x = [.. Enumerable.Range(0, 173_900).Select(i => i * -5e-4f)];
        float[] actual = Run(path, Function.ExpOfNonPositive, x);
        for (int i = 0; i < x.Length; i++)
            Assert.True(Math.Abs(actual[i] - Math.Exp(x[i])) <= 2 * Unit(Math.Exp(x[i])), $"exp({x[i]:R}) = {actual[i]:R}");
        Assert.Equal(1, Run(path, Function.ExpOfNonPositive, [0])[0]);
        Assert.InRange(Run(path, Function.ExpOfNonPositive, [float.NegativeInfinity])[0], 0, 2e-38f);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void SpecialValues(string path)
    {
        float[] special = [float.NaN, float.NegativeInfinity, float.PositiveInfinity, float.MinValue, float.MaxValue, 0, -104, 88.8f, float.Epsilon];
        float[] exponentials = Run(path, Function.Exp, special);
        float[] tangents = Run(path, Function.Tanh, special);
        Assert.Equal([float.NaN, 0, float.PositiveInfinity, 0, float.PositiveInfinity, 1, 0, float.PositiveInfinity, 1], exponentials);
        Assert.Equal([float.NaN, -1, 1, -1, 1, 0, -1, 1, float.Epsilon], tangents);
        float[] gelu = Run(path, Function.GeluTanh, [float.NaN, float.MinValue, float.MaxValue, 0, -20, 20, 1e-30f]);
        Assert.Equal([float.NaN, 0, float.MaxValue, 0, 0, 20, 5e-31f], gelu);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void GeluKeepsItsDigitsWhereItVanishes(string path)
    {
        float[] x = [.. Enumerable.Range(-5_000, 10_001).Select(i => i * 1e-3f)];
        float[] actual = Run(path, Function.GeluTanh, x);
        for (int i = 0; i < x.Length; i++)
        {
            double u = Math.Sqrt(2 / Math.PI) * (x[i] + (0.044715 * x[i] * x[i] * x[i]));
            double expected = x[i] / (1 + Math.Exp(-2 * u));
            Assert.True(Math.Abs(actual[i] - expected) <= 3e-6 * Math.Abs(expected), $"gelu({x[i]:R}) = {actual[i]:R}, not {expected:R}");
        }
    }

    private enum Function
    {
        Exp,
        ExpOfNonPositive,
        Tanh,
        GeluTanh,
    }

    private static float[] Run(string path, Function function, float[] x) => path switch
    {
        nameof(Avx512Simd) => Run<Avx512Simd, Vector512<float>>(function, x),
        nameof(Avx2Simd) => Run<Avx2Simd, Vector256<float>>(function, x),
        nameof(AdvSimdSimd) => Run<AdvSimdSimd, Vector128<float>>(function, x),
        _ => Run<PortableSimd, Vector<float>>(function, x),
    };

    private static float[] Run<TSimd, TVector>(Function function, float[] x)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        int count = TSimd.Count;
        float[] padded = [.. x, .. new float[count]];
        var result = new float[padded.Length];
        fixed (float* source = padded)
        fixed (float* destination = result)
        {
            for (int i = 0; i <= x.Length; i += count)
            {
                if (i + count > padded.Length)
                    break;
                TVector value = TSimd.Load(source + i);
                TSimd.Store(
                    function switch
                    {
                        Function.Exp => VectorMath<TSimd, TVector>.Exp(value),
                        Function.ExpOfNonPositive => VectorMath<TSimd, TVector>.ExpOfNonPositive(value),
                        Function.Tanh => VectorMath<TSimd, TVector>.Tanh(value),
                        _ => VectorMath<TSimd, TVector>.GeluTanh(value),
                    },
                    destination + i);
            }
        }

        return result[..x.Length];
    }

    /// <summary>The distance of neighbouring floats at a value.</summary>
    private static double Unit(double value) => Math.Max(Math.Pow(2, Math.Floor(Math.Log2(Math.Abs(value))) - 23), float.Epsilon);

    private static float Ordered(long order) => BitConverter.Int32BitsToSingle(order >= 0 ? (int)order : int.MinValue ^ (int)~order);
}
