using PaliSharp.Segmentation;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Tensors.Cpu.Gradients;
using PaliSharp.Training.Autodiff;

namespace PaliSharp.Training.MaskCodecs;

/// <summary>
/// A convolution in training, as a product of its windows with its weights. A transposed one is the same backwards: what is the way back of a
/// convolution is its way forward.
/// </summary>
internal sealed unsafe class ConvolutionStep : CodecStep
{
    private readonly CpuBackend _device;
    private readonly ConvolutionShape _shape;
    private readonly int _side;

    /// <summary>Creates weights uniform in ±1/√(numbers that reach an output).</summary>
    /// <param name="device">Computes.</param>
    /// <param name="name">The name of its arrays in the file, without <c>.weight</c> and <c>.bias</c>.</param>
    /// <param name="shape">The kind of convolution.</param>
    /// <param name="side">The rows and columns of what it is given.</param>
    /// <param name="random">Gives the first values.</param>
    public ConvolutionStep(CpuBackend device, string name, ConvolutionShape shape, int side, GaussianRandom random)
    {
        (_device, Name, _shape, _side) = (device, name, shape, side);
        int area = shape.Size * shape.Size;

        // [outputs, taps·inputs], or [taps·outputs, inputs] if transposed: the matrix of the product, outputs first.
        TensorShape matrix = shape.IsTransposed ? new TensorShape(area * shape.Outputs, shape.Inputs) : new TensorShape(shape.Outputs, area * shape.Inputs);
        Weight = new Parameter($"{name}.weight", matrix);
        Bias = new Parameter($"{name}.bias", new TensorShape(shape.Outputs));
        double bound = 1 / Math.Sqrt((double)shape.Inputs * area / (shape.IsTransposed ? shape.Stride * shape.Stride : 1));
        foreach (Parameter parameter in (Parameter[])[Weight, Bias])
        {
            for (long i = 0; i < parameter.Count; i++)
                parameter.Values[i] = (float)(((2 * random.Uniform()) - 1) * bound);
        }
    }

    /// <summary>The name of its arrays.</summary>
    public string Name { get; }

    /// <summary>The weights, in the order of the product.</summary>
    public Parameter Weight { get; }

    /// <summary>[outputs].</summary>
    public Parameter Bias { get; }

    /// <summary>The rows and columns of what it gives.</summary>
    public int OutputSide => _shape.IsTransposed ? ((_side - 1) * _shape.Stride) - (2 * _shape.Padding) + _shape.Size : PatchColumns.Places(_side, _shape);

    public override Tensor Forward(Tensor x)
    {
        int pictures = Pictures(x);
        if (!_shape.IsTransposed)
        {
            using Tensor columns = Gathered(x, pictures, _side, _shape.Inputs, OutputSide);
            return _device.Linear(columns, Weight.Weight, Bias.Weight);
        }

        using Tensor spread = _device.Linear(x, Weight.Weight);
        Tensor y = _device.Rent(new TensorShape(pictures * OutputSide * OutputSide, _shape.Outputs));
        for (int row = 0; row < y.Rows; row++)
            new ReadOnlySpan<float>(Bias.Values, _shape.Outputs).CopyTo(y.Row(row));
        PatchColumns.Scatter(spread.Pointer, pictures, OutputSide, _shape.Outputs, _shape, y.Pointer);
        return y;
    }

    public override Tensor Backward(Tensor x, Tensor y, Tensor dy)
    {
        int pictures = Pictures(x);
        GradientKernels kernels = _device.Gradients;
        kernels.Fold(dy.Pointer, dy.Shape.Count, dy.Columns, 1, Bias.Gradients);
        Tensor dx = _device.Rent(x.Shape);
        if (_shape.IsTransposed)
        {
            using Tensor spread = Gathered(dy, pictures, OutputSide, _shape.Outputs, _side);
            kernels.LinearWeight(spread.Pointer, x.Pointer, x.Rows, spread.Columns, x.Columns, Weight.Gradients);
            kernels.LinearInput(spread.Pointer, x.Rows, Weight.Weight, dx.Pointer, accumulate: false);
            return dx;
        }

        using Tensor columns = Gathered(x, pictures, _side, _shape.Inputs, OutputSide);
        kernels.LinearWeight(dy.Pointer, columns.Pointer, dy.Rows, dy.Columns, columns.Columns, Weight.Gradients);
        kernels.LinearInput(dy.Pointer, dy.Rows, Weight.Weight, columns.Pointer, accumulate: false);
        dx.Span.Clear();
        PatchColumns.Scatter(columns.Pointer, pictures, _side, _shape.Inputs, _shape, dx.Pointer);
        return dx;
    }

    /// <summary>The weights in PyTorch's order: [outputs, inputs, size, size], or [inputs, outputs, size, size] if transposed.</summary>
    public (float[] Values, int[] Shape) Export()
    {
        int area = _shape.Size * _shape.Size;
        (int first, int second) = _shape.IsTransposed ? (_shape.Inputs, _shape.Outputs) : (_shape.Outputs, _shape.Inputs);
        var values = new float[Weight.Count];
        for (int a = 0; a < first; a++)
        {
            for (int b = 0; b < second; b++)
            {
                for (int tap = 0; tap < area; tap++)
                {
                    int from = _shape.IsTransposed ? (((tap * second) + b) * first) + a : (((a * area) + tap) * second) + b;
                    values[(((a * second) + b) * area) + tap] = Weight.Values[from];
                }
            }
        }

        return (values, [first, second, _shape.Size, _shape.Size]);
    }

    /// <summary>The biases.</summary>
    public float[] ExportBias() => new ReadOnlySpan<float>(Bias.Values, _shape.Outputs).ToArray();

    private int Pictures(Tensor x) => x.Rows / (_side * _side);

    private Tensor Gathered(Tensor map, int pictures, int side, int channels, int places)
    {
        Tensor columns = _device.Rent(new TensorShape(pictures * places * places, _shape.Size * _shape.Size * channels));
        PatchColumns.Gather(map.Pointer, pictures, side, channels, _shape, columns.Pointer);
        return columns;
    }
}
