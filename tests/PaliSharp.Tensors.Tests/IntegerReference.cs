using PaliSharp.Tensors.Quantization;
using PaliSharp.TestSupport;

namespace PaliSharp.Tensors.Tests;

/// <summary>Products with quantised weights, one number after the other: what every kernel must give, to the last bit.</summary>
internal static class IntegerReference
{
    /// <summary>y[row, output] = Σ over blocks of (Σ weight·activation)·weight scale·activation scale, + bias.</summary>
    public static float[] Multiply(ReadOnlySpan<float> x, int rows, Weight weight, ReadOnlySpan<float> bias)
    {
        (int outputs, int inputs) = (weight.Shape.Rows, weight.Shape.Columns);
        int block = QuantizedLayout.Block(weight.Type);
        var y = new float[rows * outputs];
        var quants = new int[inputs];
        var scales = new float[(inputs / ActivationRounding.Block) + 1];
        for (int row = 0; row < rows; row++)
        {
            ActivationRounding.Round(x.Slice(row * inputs, inputs), weight.Type == WeightType.Int8, quants, scales);
            for (int output = 0; output < outputs; output++)
            {
                float sum = 0;
                for (int first = 0; first < inputs; first += block)
                {
                    int products = 0;
                    for (int input = first; input < Math.Min(inputs, first + block); input++)
                        products += Quant(weight, output, input) * quants[input];
                    sum += products * Scale(weight, output, first) * scales[first / ActivationRounding.Block];
                }

                y[(row * outputs) + output] = bias.IsEmpty ? sum : sum + bias[output];
            }
        }

        return y;
    }

    private static unsafe int Quant(Weight weight, int output, int input)
    {
        byte* lines = Group(weight, output) + QuantizedLayout.ScaleBytes(weight.Type, weight.Shape.Columns);
        int lane = output % 16;
        if (weight.Type == WeightType.Int8)
            return lines[(input / 4 * 64) + (lane * 4) + (input % 4)] - 128;
        int pair = lines[(input / 8 * 64) + (lane * 4) + (input % 4)];
        return (input % 8 < 4 ? pair & 15 : pair >> 4) - 8;
    }

    private static unsafe float Scale(Weight weight, int output, int input)
    {
        var scales = (ushort*)Group(weight, output);
        return BitConverter.UInt32BitsToSingle((uint)scales[(input / QuantizedLayout.Block(weight.Type) * 16) + (output % 16)] << 16);
    }

    private static unsafe byte* Group(Weight weight, int output) =>
        (byte*)weight.Data + (output / 16 * QuantizedLayout.GroupBytes(weight.Type, weight.Shape.Columns));
}
