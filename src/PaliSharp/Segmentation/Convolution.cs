using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PaliSharp.Segmentation;

/// <summary>
/// A convolution of the mask codec, computed directly: the maps are so small (64×64 at most) that nothing cleverer pays. The weights are held
/// with the output channels innermost, so that one input number updates all of them in a row.
/// </summary>
internal sealed class Convolution
{
    private readonly int _size;
    private readonly int _inputs;
    private readonly int _stride;
    private readonly int _padding;
    private readonly bool _isTransposed;
    private readonly float[] _weights;
    private readonly float[] _bias;

    private Convolution(ConvolutionShape shape, float[] weights, float[] bias)
    {
        _size = shape.Size;
        _inputs = shape.Inputs;
        _stride = shape.Stride;
        _padding = shape.Padding;
        _isTransposed = shape.IsTransposed;
        _weights = weights;
        _bias = bias;
    }

    /// <summary>Takes the parameters in PyTorch's layout.</summary>
    /// <param name="shape">What kind of convolution it is.</param>
    /// <param name="weights">[outputs, inputs, size, size], or [inputs, outputs, size, size] if transposed.</param>
    /// <param name="bias">[outputs].</param>
    public static Convolution Create(ConvolutionShape shape, ReadOnlySpan<float> weights, float[] bias)
    {
        int area = shape.Size * shape.Size;
        var ordered = new float[weights.Length];
        for (int output = 0; output < shape.Outputs; output++)
        {
            for (int input = 0; input < shape.Inputs; input++)
            {
                int from = (shape.IsTransposed ? (input * shape.Outputs) + output : (output * shape.Inputs) + input) * area;
                for (int tap = 0; tap < area; tap++)
                    ordered[(((tap * shape.Inputs) + input) * shape.Outputs) + output] = weights[from + tap];
            }
        }

        return new Convolution(shape, ordered, bias);
    }

    /// <summary>Applies the convolution and adds the bias.</summary>
    /// <param name="input">[side, side, inputs].</param>
    public FeatureMap Apply(FeatureMap input) => _isTransposed ? Spread(input) : Gather(input);

    private FeatureMap Gather(FeatureMap input)
    {
        FeatureMap output = FeatureMap.Filled(((input.Side + (2 * _padding) - _size) / _stride) + 1, _bias);
        for (int y = 0; y < output.Side; y++)
        {
            for (int x = 0; x < output.Side; x++)
            {
                for (int tap = 0; tap < _size * _size; tap++)
                {
                    int fromY = (y * _stride) - _padding + (tap / _size);
                    int fromX = (x * _stride) - _padding + (tap % _size);
                    if ((uint)fromY < (uint)input.Side && (uint)fromX < (uint)input.Side)
                        Accumulate(input.Pixel(fromY, fromX), tap, output.Pixel(y, x));
                }
            }
        }

        return output;
    }

    // Every input pixel spreads over the outputs it contributes to: out[stride·i − padding + u] += in[i]·w[u] on each axis.
    private FeatureMap Spread(FeatureMap input)
    {
        FeatureMap output = FeatureMap.Filled(((input.Side - 1) * _stride) - (2 * _padding) + _size, _bias);
        for (int y = 0; y < input.Side; y++)
        {
            for (int x = 0; x < input.Side; x++)
            {
                for (int tap = 0; tap < _size * _size; tap++)
                {
                    int toY = (y * _stride) - _padding + (tap / _size);
                    int toX = (x * _stride) - _padding + (tap % _size);
                    if ((uint)toY < (uint)output.Side && (uint)toX < (uint)output.Side)
                        Accumulate(input.Pixel(y, x), tap, output.Pixel(toY, toX));
                }
            }
        }

        return output;
    }

    /// <summary>outputs += inputs · weights of one tap. Some sums at a time stay in registers while all inputs are added to them.</summary>
    private void Accumulate(ReadOnlySpan<float> inputs, int tap, Span<float> outputs)
    {
        int width = outputs.Length;
        ref float weights = ref MemoryMarshal.GetReference(_weights.AsSpan(tap * _inputs * width, inputs.Length * width));
        Span<Vector<float>> sums = MemoryMarshal.Cast<float, Vector<float>>(outputs);
        int done = 0;
        for (; done + 4 <= sums.Length; done += 4)
            AccumulateFour(inputs, ref Unsafe.Add(ref weights, done * Vector<float>.Count), width, sums.Slice(done, 4));
        for (; done < sums.Length; done++)
        {
            ref float column = ref Unsafe.Add(ref weights, done * Vector<float>.Count);
            Vector<float> sum = sums[done];
            for (int i = 0; i < inputs.Length; i++)
                sum += new Vector<float>(inputs[i]) * Vector.LoadUnsafe(ref column, (nuint)(i * width));
            sums[done] = sum;
        }

        for (int output = done * Vector<float>.Count; output < width; output++)
        {
            for (int i = 0; i < inputs.Length; i++)
                outputs[output] += inputs[i] * Unsafe.Add(ref weights, (i * width) + output);
        }
    }

    private static void AccumulateFour(ReadOnlySpan<float> inputs, ref float column, int width, Span<Vector<float>> sums)
    {
        (Vector<float> a, Vector<float> b, Vector<float> c, Vector<float> d) = (sums[0], sums[1], sums[2], sums[3]);
        for (int i = 0; i < inputs.Length; i++)
        {
            var input = new Vector<float>(inputs[i]);
            ref float row = ref Unsafe.Add(ref column, i * width);
            a += input * Vector.LoadUnsafe(ref row);
            b += input * Vector.LoadUnsafe(ref row, (nuint)Vector<float>.Count);
            c += input * Vector.LoadUnsafe(ref row, (nuint)(2 * Vector<float>.Count));
            d += input * Vector.LoadUnsafe(ref row, (nuint)(3 * Vector<float>.Count));
        }

        (sums[0], sums[1], sums[2], sums[3]) = (a, b, c, d);
    }
}

/// <summary>The kind of a convolution.</summary>
/// <param name="Inputs">The input channels.</param>
/// <param name="Outputs">The output channels.</param>
/// <param name="Size">The kernel's rows, and its columns.</param>
/// <param name="Stride">The step between outputs, or between inputs if transposed.</param>
/// <param name="Padding">The zeros around the input, or what is cut off around the output if transposed.</param>
/// <param name="IsTransposed">Whether it enlarges the picture.</param>
internal readonly record struct ConvolutionShape(int Inputs, int Outputs, int Size, int Stride, int Padding, bool IsTransposed = false);
