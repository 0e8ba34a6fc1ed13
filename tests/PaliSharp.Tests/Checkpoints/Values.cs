using PaliSharp.Tensors;
using Xunit;

namespace PaliSharp.Tests.Checkpoints;

/// <summary>Values of weights for comparison.</summary>
internal static class Values
{
    public static float[] Of(Weight weight)
    {
        var values = new float[weight.Shape.Count];
        weight.CopyTo(values);
        return values;
    }

    public static void AssertEqual(Weight expected, Weight actual) => AssertEqual(expected, actual, value => value);

    public static void AssertEqual(Weight expected, Weight actual, Func<float, float> round)
    {
        Assert.Equal(expected.Shape, actual.Shape);
        AssertEqual(Array.ConvertAll(Of(expected), value => round(value)), Of(actual), expected.Name);
    }

    public static void AssertEqual(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string name)
    {
        int same = expected.CommonPrefixLength(actual);
        Assert.True(same == expected.Length && same == actual.Length, $"{name} differs from element {same} on.");
    }

    public static float RoundToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return BitConverter.UInt32BitsToSingle((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000);
    }

    public static double RelativeDistance(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            difference += Math.Pow((double)expected[i] - actual[i], 2);
            norm += Math.Pow(expected[i], 2);
        }

        return Math.Sqrt(difference / norm);
    }
}
