using PaliSharp.Tensors;
using PaliSharp.Tensors.Quantization;

namespace PaliSharp.TestSupport;

/// <summary>Weights for tests.</summary>
public static unsafe class TestWeights
{
    /// <summary>A weight of normally distributed values, rounded to the storage type.</summary>
    /// <param name="type">How they are stored.</param>
    /// <param name="shape">The extents.</param>
    /// <param name="seed">Any number.</param>
    /// <param name="deviation">The standard deviation.</param>
    public static Weight Normal(WeightType type, TensorShape shape, int seed, float deviation = 1) =>
        Create($"random {seed}", type, shape, TestNumbers.Normal(checked((int)shape.Count), seed, deviation));

    /// <summary>A weight of given values, rounded to the storage type (bfloat16: to nearest, ties to even; quantised types: by the quantiser).</summary>
    /// <param name="name">The parameter's name.</param>
    /// <param name="type">How they are stored.</param>
    /// <param name="shape">The extents.</param>
    /// <param name="values">As many as the shape has.</param>
    public static Weight Create(string name, WeightType type, TensorShape shape, ReadOnlySpan<float> values)
    {
        if (type == WeightType.Float32)
            return Weight.FromValues(name, shape, values);
        if (QuantizedLayout.IsQuantized(type))
            return Quantizer.Quantize(Weight.FromValues(name, shape, values), type);
        var memory = new NativeBuffer(values.Length * 2L);
        var words = new Span<ushort>(memory.Pointer, values.Length);
        for (int i = 0; i < values.Length; i++)
            words[i] = type == WeightType.BFloat16 ? BFloat16Bits(values[i]) : BitConverter.HalfToUInt16Bits((Half)values[i]);
        return new Weight(name, type, shape, memory.Pointer, memory);
    }

    private static ushort BFloat16Bits(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
