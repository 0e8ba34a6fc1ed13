using PaliSharp.Segmentation;

namespace PaliSharp.Training.Tests.MaskCodecs;

/// <summary>A convolution and its gradients in double precision, as their definitions say: one number after the other.</summary>
internal static class ConvolutionReference
{
    /// <summary>What one product of a convolution joins: input number, weight number, output number.</summary>
    private static IEnumerable<(int Input, int Weight, int Output)> Products(ConvolutionShape shape, int pictures, int side)
    {
        int outputSide = OutputSide(shape, side);

        // A transposed convolution joins the same numbers with input and output exchanged.
        int places = shape.IsTransposed ? side : outputSide;
        int wide = shape.IsTransposed ? outputSide : side;
        for (int picture = 0; picture < pictures; picture++)
        {
            for (int place = 0; place < places * places; place++)
            {
                for (int tap = 0; tap < shape.Size * shape.Size; tap++)
                {
                    int y = (place / places * shape.Stride) - shape.Padding + (tap / shape.Size);
                    int x = (place % places * shape.Stride) - shape.Padding + (tap % shape.Size);
                    if (y < 0 || x < 0 || y >= wide || x >= wide)
                        continue;
                    int pixel = ((picture * wide) + y) * wide + x;
                    int row = (picture * places * places) + place;
                    for (int i = 0; i < shape.Inputs; i++)
                    {
                        for (int o = 0; o < shape.Outputs; o++)
                        {
                            int weight = shape.IsTransposed ? (((i * shape.Outputs) + o) * shape.Size * shape.Size) + tap : (((o * shape.Inputs) + i) * shape.Size * shape.Size) + tap;
                            yield return shape.IsTransposed
                                ? ((row * shape.Inputs) + i, weight, (pixel * shape.Outputs) + o)
                                : ((pixel * shape.Inputs) + i, weight, (row * shape.Outputs) + o);
                        }
                    }
                }
            }
        }
    }

    public static int OutputSide(ConvolutionShape shape, int side) => shape.IsTransposed
        ? ((side - 1) * shape.Stride) - (2 * shape.Padding) + shape.Size
        : ((side + (2 * shape.Padding) - shape.Size) / shape.Stride) + 1;

    /// <summary>The output. Weights are in PyTorch's order.</summary>
    public static double[] Forward(ConvolutionShape shape, float[] x, int pictures, int side, float[] weights, float[] bias)
    {
        int outputSide = OutputSide(shape, side);
        var y = new double[pictures * outputSide * outputSide * shape.Outputs];
        for (int i = 0; i < y.Length; i++)
            y[i] = bias[i % shape.Outputs];
        foreach ((int input, int weight, int output) in Products(shape, pictures, side))
            y[output] += (double)x[input] * weights[weight];
        return y;
    }

    /// <summary>The gradients of input, weights (in PyTorch's order) and bias.</summary>
    public static (double[] Dx, double[] Dw, double[] Db) Backward(ConvolutionShape shape, float[] x, int pictures, int side, float[] weights, float[] dy)
    {
        var dx = new double[x.Length];
        var dw = new double[weights.Length];
        var db = new double[shape.Outputs];
        foreach ((int input, int weight, int output) in Products(shape, pictures, side))
        {
            dx[input] += (double)dy[output] * weights[weight];
            dw[weight] += (double)dy[output] * x[input];
        }

        for (int i = 0; i < dy.Length; i++)
            db[i % shape.Outputs] += dy[i];
        return (dx, dw, db);
    }
}
