using PaliSharp.Tensors;

namespace PaliSharp.Training.Tests;

/// <summary>How far two vectors lie apart.</summary>
internal static class Difference
{
    /// <summary>‖a − b‖ ÷ ‖b‖, or ‖a‖ where b is zero.</summary>
    public static double Relative(ReadOnlySpan<float> actual, ReadOnlySpan<double> expected)
    {
        Xunit.Assert.Equal(expected.Length, actual.Length);
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < actual.Length; i++)
        {
            difference += (actual[i] - expected[i]) * (actual[i] - expected[i]);
            norm += expected[i] * expected[i];
        }

        return norm == 0 ? Math.Sqrt(difference) : Math.Sqrt(difference / norm);
    }

    /// <summary>The largest |a − b|.</summary>
    public static double Largest(ReadOnlySpan<float> actual, ReadOnlySpan<double> expected)
    {
        double largest = 0;
        for (int i = 0; i < actual.Length; i++)
            largest = Math.Max(largest, Math.Abs(actual[i] - expected[i]));
        return largest;
    }

    /// <summary>Copies values into a tensor.</summary>
    public static Tensor ToTensor(this TensorBackend ops, TensorShape shape, ReadOnlySpan<float> values)
    {
        Tensor tensor = ops.Rent(shape);
        values.CopyTo(tensor.Span);
        return tensor;
    }
}
