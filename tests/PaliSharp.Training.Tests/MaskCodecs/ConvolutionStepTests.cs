using PaliSharp.Segmentation;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Training.MaskCodecs;
using Xunit;

namespace PaliSharp.Training.Tests.MaskCodecs;

/// <summary>Convolutions in training against their definition in double precision, that against finite differences, and windows as transposes.</summary>
public sealed class ConvolutionStepTests
{
    // Sums of up to 1152 products in float32, in two levels: the limit of all kernels of this library.
    private const double Limit = 2e-6;

    private static readonly (ConvolutionShape Shape, int Side)[] Cases =
    [
        (new ConvolutionShape(1, 16, 4, 2, 1), 8),
        (new ConvolutionShape(3, 5, 4, 2, 1), 6),
        (new ConvolutionShape(128, 128, 3, 1, 1), 4),
        (new ConvolutionShape(7, 3, 3, 1, 1), 5),
        (new ConvolutionShape(33, 9, 1, 1, 0), 3),
        (new ConvolutionShape(16, 1, 1, 1, 0), 8),
        (new ConvolutionShape(6, 4, 4, 2, 1, IsTransposed: true), 4),
        (new ConvolutionShape(32, 16, 4, 2, 1, IsTransposed: true), 3),
        (new ConvolutionShape(5, 1, 4, 2, 1, IsTransposed: true), 2),
    ];

    [Fact]
    public void OutputsAndGradientsEqualTheDefinition()
    {
        using var device = new CpuBackend(new CpuOptions { Threads = 2 });
        foreach ((ConvolutionShape shape, int side) in Cases)
        {
            const int Pictures = 2;
            var random = new GaussianRandom(3);
            var step = new ConvolutionStep(device, "x", shape, side, random);
            Assert.Equal(ConvolutionReference.OutputSide(shape, side), step.OutputSide);
            float[] x = Numbers(random, Pictures * side * side * shape.Inputs);
            float[] dy = Numbers(random, Pictures * step.OutputSide * step.OutputSide * shape.Outputs);
            (float[] weights, int[] extents) = step.Export();
            Assert.Equal(shape.IsTransposed ? [shape.Inputs, shape.Outputs, shape.Size, shape.Size] : [shape.Outputs, shape.Inputs, shape.Size, shape.Size], extents);

            using Tensor input = device.ToTensor(new TensorShape(Pictures * side * side, shape.Inputs), x);
            using Tensor slope = device.ToTensor(new TensorShape(Pictures * step.OutputSide * step.OutputSide, shape.Outputs), dy);
            using Tensor output = step.Forward(input);
            Assert.InRange(Difference.Relative(output.Span, ConvolutionReference.Forward(shape, x, Pictures, side, weights, step.ExportBias())), 0, Limit);
            using Tensor gradient = step.Backward(input, output, slope);
            (double[] dx, double[] dw, double[] db) = ConvolutionReference.Backward(shape, x, Pictures, side, weights, dy);
            Assert.InRange(Difference.Relative(gradient.Span, dx), 0, Limit);
            Assert.InRange(Difference.Relative(Gradient(step, weights.Length, exported: true), dw), 0, Limit);
            Assert.InRange(Difference.Relative(Gradient(step, shape.Outputs, exported: false), db), 0, Limit);
        }
    }

    [Fact]
    public void TheDefinitionsGradientsEqualFiniteDifferences()
    {
        foreach ((ConvolutionShape shape, int side) in Cases.Where(item => item.Shape.Inputs < 10))
        {
            var random = new GaussianRandom(4);
            int outputs = ConvolutionReference.OutputSide(shape, side);
            float[] x = Numbers(random, side * side * shape.Inputs);
            float[] weights = Numbers(random, shape.Inputs * shape.Outputs * shape.Size * shape.Size);
            float[] bias = Numbers(random, shape.Outputs);
            float[] dy = Numbers(random, outputs * outputs * shape.Outputs);
            (double[] dx, double[] dw, _) = ConvolutionReference.Backward(shape, x, 1, side, weights, dy);

            // The loss Σ y·dy is linear in each number, so a difference of any width is exact up to the rounding of float32 numbers moved by 1/4.
            for (int i = 0; i < x.Length; i += 5)
                Assert.Equal(dx[i], Slope(x, i, () => Loss(x, weights)), 1e-9 * (1 + Math.Abs(dx[i])));
            for (int i = 0; i < weights.Length; i += 3)
                Assert.Equal(dw[i], Slope(weights, i, () => Loss(x, weights)), 1e-9 * (1 + Math.Abs(dw[i])));

            double Loss(float[] input, float[] kernel) => ConvolutionReference.Forward(shape, input, 1, side, kernel, bias).Zip(dy, (a, b) => a * b).Sum();
        }
    }

    private static double Slope(float[] values, int index, Func<double> loss)
    {
        float before = values[index];
        values[index] = before + 0.25f;
        double high = values[index];
        double above = loss();
        values[index] = before - 0.25f;
        double low = values[index];
        double below = loss();
        values[index] = before;
        return (above - below) / (high - low);
    }

    private static float[] Numbers(GaussianRandom random, int count) => [.. Enumerable.Range(0, count).Select(_ => (float)random.Normal())];

    // The gradient in the order of the file: by exporting it as if it were the weights.
    private static unsafe float[] Gradient(ConvolutionStep step, int count, bool exported)
    {
        if (!exported)
            return new ReadOnlySpan<float>(step.Bias.Gradients, count).ToArray();
        new ReadOnlySpan<float>(step.Weight.Gradients, count).CopyTo(new Span<float>(step.Weight.Values, count));
        return step.Export().Values;
    }
}
