using PaliSharp.Tensors;
using PaliSharp.Training.Autodiff;

namespace PaliSharp.Training.Optimisers;

/// <summary>Whose Adafactor.</summary>
public enum AdafactorStyle
{
    /// <summary><c>transformers.optimization.Adafactor</c>.</summary>
    Transformers,

    /// <summary><c>torch.optim.Adafactor</c>: the rate is always relative to the parameter's size.</summary>
    Torch,
}

/// <summary>The numbers of Adafactor.</summary>
public sealed record AdafactorOptions
{
    /// <summary>Whose.</summary>
    public AdafactorStyle Style { get; init; }

    /// <summary>Added to squares (transformers); its square is the least variance (PyTorch).</summary>
    public double Epsilon { get; init; } = 1e-30;

    /// <summary>The least size a parameter is taken to have, where the rate is relative to it.</summary>
    public double LeastSize { get; init; } = 1e-3;

    /// <summary>Updates of a larger root mean square are scaled down to it.</summary>
    public double ClipThreshold { get; init; } = 1;

    /// <summary>The second moment decays by 1 − t^this.</summary>
    public double DecayExponent { get; init; } = -0.8;

    /// <summary>The decay of a first moment; null for none.</summary>
    public double? Beta1 { get; init; }

    /// <summary>Multiplies the rate by the root mean square of the parameter (transformers).</summary>
    public bool ScalesByParameter { get; init; } = true;

    /// <summary>Takes 1/√t, at most 1e-2, for the rate (transformers). The rate from outside then only multiplies it.</summary>
    public bool RelativeStep { get; init; }

    /// <summary>With a relative step: begins at 1e-6 for each update instead of 1e-2.</summary>
    public bool WarmsUp { get; init; }
}

/// <summary>
/// Adafactor: of the second moment of a matrix only the means of rows and columns are kept. Of higher ranks the last two extents are the matrix.
/// </summary>
public sealed unsafe class AdafactorOptimiser : Optimiser
{
    private readonly AdafactorOptions _options;
    private readonly State[] _states;

    /// <summary>Creates what is remembered, zero at first.</summary>
    /// <param name="parameters">What is trained.</param>
    /// <param name="options">The numbers.</param>
    public AdafactorOptimiser(ParameterSet parameters, AdafactorOptions? options = null)
        : base(parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _options = options ?? new AdafactorOptions();
        _states = [.. parameters.Select(NewState)];
        Slots = [.. _states.SelectMany(state => new[] { state.Rows, state.Columns, state.Squares, state.First }).OfType<OptimiserSlot>()];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<OptimiserSlot> Slots { get; }

    /// <inheritdoc/>
    protected override void Update(int index, Parameter parameter, float gradientScale, StepRate rate)
    {
        State state = _states[index];
        bool isTorch = _options.Style == AdafactorStyle.Torch;
        double size = Math.Sqrt(SumOfSquares(parameter.Values, parameter.Count) / parameter.Count);
        double scale = isTorch || _options.ScalesByParameter ? Math.Max(_options.LeastSize, size) : 1;
        double step = rate.Rate;
        if (isTorch)
            step = Math.Min(step, 1 / Math.Sqrt(Updates));
        else if (_options.RelativeStep)
            step *= Math.Min(_options.WarmsUp ? 1e-6 * Updates : 1e-2, 1 / Math.Sqrt(Updates));

        // transformers decays by the rate that the size of the parameter has changed as well.
        double decay = isTorch || rate.Rate == 0 ? rate.Decay : rate.Decay * step * scale / rate.Rate;
        double keep = 1 - Math.Pow(Updates, _options.DecayExponent);

        float[] update = new float[parameter.Count];
        fixed (float* values = update)
        {
            if (state.Squares is { } squares)
                Divide(parameter, gradientScale, keep, (float*)squares.Value.Data, values);
            else
                DivideFactored(parameter, gradientScale, keep, (float*)state.Rows!.Value.Data, (float*)state.Columns!.Value.Data, values);
            double mean = Math.Sqrt(SumOfSquares(values, parameter.Count) / parameter.Count);
            Apply(parameter, state, values, step * scale / Math.Max(1, mean / _options.ClipThreshold), decay);
        }
    }

    private void Apply(Parameter parameter, State state, float* update, double factor, double decay)
    {
        float* first = state.First is { } slot ? (float*)slot.Value.Data : null;
        for (long i = 0; i < parameter.Count; i++)
        {
            double direction = factor * update[i];
            if (first != null)
            {
                double beta = _options.Beta1!.Value;
                direction = (beta * first[i]) + ((1 - beta) * direction);
                first[i] = (float)direction;
            }

            double value = parameter.Values[i];
            parameter.Values[i] = (float)(value - (decay * value) - direction);
        }
    }

    private void Divide(Parameter parameter, float gradientScale, double keep, float* squares, float* update)
    {
        bool isTorch = _options.Style == AdafactorStyle.Torch;
        for (long i = 0; i < parameter.Count; i++)
        {
            double gradient = (double)parameter.Gradients[i] * gradientScale;
            double square = (gradient * gradient) + (isTorch ? 0 : _options.Epsilon);
            squares[i] = (float)((keep * squares[i]) + ((1 - keep) * square));
            double variance = isTorch ? Math.Max(squares[i], _options.Epsilon * _options.Epsilon) : squares[i];
            update[i] = (float)(gradient / Math.Sqrt(variance));
        }
    }

    private void DivideFactored(Parameter parameter, float gradientScale, double keep, float* rows, float* columns, float* update)
    {
        int width = parameter.Shape.Columns;
        int height = parameter.Shape[parameter.Shape.Rank - 2];
        long matrices = parameter.Count / ((long)height * width);
        bool isTorch = _options.Style == AdafactorStyle.Torch;
        double epsilon = isTorch ? 0 : _options.Epsilon;
        double[] columnSums = new double[width];
        for (long matrix = 0; matrix < matrices; matrix++, rows += height, columns += width)
        {
            long offset = matrix * height * width;
            Array.Clear(columnSums);
            double rowTotal = 0;
            for (int row = 0; row < height; row++)
            {
                double sum = 0;
                for (int column = 0; column < width; column++)
                {
                    double gradient = (double)parameter.Gradients[offset + ((long)row * width) + column] * gradientScale;
                    double square = (gradient * gradient) + epsilon;
                    sum += square;
                    columnSums[column] += square;
                }

                rows[row] = (float)((keep * rows[row]) + ((1 - keep) * sum / width));
                rowTotal += rows[row];
            }

            for (int column = 0; column < width; column++)
                columns[column] = (float)((keep * columns[column]) + ((1 - keep) * columnSums[column] / height));

            double rowMean = rowTotal / height;
            double least = isTorch ? _options.Epsilon * _options.Epsilon : 0;
            if (isTorch)
                rowMean = Math.Max(rowMean, _options.Epsilon);
            for (int row = 0; row < height; row++)
            {
                for (int column = 0; column < width; column++)
                {
                    long i = offset + ((long)row * width) + column;
                    double variance = Math.Max((double)rows[row] / rowMean * columns[column], least);
                    update[i] = (float)((double)parameter.Gradients[i] * gradientScale / Math.Sqrt(variance));
                }
            }
        }
    }

    private static double SumOfSquares(float* values, long count)
    {
        double sum = 0;
        for (long i = 0; i < count; i++)
            sum += (double)values[i] * values[i];
        return sum;
    }

    private State NewState(Parameter parameter)
    {
        TensorShape shape = parameter.Shape;
        OptimiserSlot? first = _options.Beta1 is null ? null : NewSlot("first_moment", parameter, shape);
        if (shape.Rank < 2)
            return new State(null, null, NewSlot("second_moment", parameter, shape), first);
        int height = shape[shape.Rank - 2];
        int matrices = (int)(shape.Count / ((long)height * shape.Columns));
        return new State(
            NewSlot("row_moment", parameter, new TensorShape(matrices, height)),
            NewSlot("column_moment", parameter, new TensorShape(matrices, shape.Columns)),
            null,
            first);
    }

    private sealed record State(OptimiserSlot? Rows, OptimiserSlot? Columns, OptimiserSlot? Squares, OptimiserSlot? First);
}
