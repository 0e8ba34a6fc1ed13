using PaliSharp.Tensors;

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
