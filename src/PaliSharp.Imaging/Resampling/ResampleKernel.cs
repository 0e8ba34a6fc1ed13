namespace PaliSharp.Imaging.Resampling;

/// <summary>The weights of one axis: for each output position the first input position and the weights from there.</summary>
internal sealed class ResampleKernel
{
    /// <summary>The fraction bits of <see cref="Fixed"/>.</summary>
    public const int Precision = 22;

    private ResampleKernel(int outputs, int stride)
    {
        First = new int[outputs];
        Count = new int[outputs];
        Stride = stride;
        Weights = new double[(long)outputs * stride];
    }

    /// <summary>The first input position of each output.</summary>
    public int[] First { get; }

    /// <summary>The number of input positions of each output.</summary>
    public int[] Count { get; }

    /// <summary>The distance between the weights of two outputs.</summary>
    public int Stride { get; }

    /// <summary>The weights, of sum 1.</summary>
    public double[] Weights { get; }

    /// <summary>The number of outputs.</summary>
    public int Outputs => First.Length;

    /// <summary>Computes the weights, in double and in the order of operations of Pillow so that they round alike.</summary>
    /// <param name="input">The number of input positions.</param>
    /// <param name="low">The lower edge of the part that is scaled.</param>
    /// <param name="high">The upper edge of that part.</param>
    /// <param name="outputs">The number of output positions.</param>
    /// <param name="filter">The kernel; not nearest.</param>
    public static ResampleKernel Create(int input, double low, double high, int outputs, ResampleFilter filter)
    {
        double scale = (high - low) / outputs;
        double filterScale = Math.Max(scale, 1.0);
        double support = Support(filter) * filterScale;
        double inverse = 1.0 / filterScale;
        var kernel = new ResampleKernel(outputs, Math.Min(((int)Math.Ceiling(support) * 2) + 1, input));
        for (int i = 0; i < outputs; i++)
        {
            double centre = low + ((i + 0.5) * scale);
            int first = Math.Max((int)(centre - support + 0.5), 0);
            int last = Math.Min((int)(centre + support + 0.5), input);
            int count = Math.Max(last - first, 0);
            Span<double> weights = kernel.Weights.AsSpan(i * kernel.Stride, count);
            double sum = 0;
            for (int x = 0; x < count; x++)
            {
                weights[x] = Evaluate(filter, (x + first - centre + 0.5) * inverse);
                sum += weights[x];
            }

            if (sum != 0)
            {
                for (int x = 0; x < count; x++)
                    weights[x] /= sum;
            }

            kernel.First[i] = first;
            kernel.Count[i] = count;
        }

        return kernel;
    }

    /// <summary>The weights in fixed point, rounded half away from zero.</summary>
    public int[] Fixed()
    {
        int[] result = new int[Weights.Length];
        for (int i = 0; i < result.Length; i++)
        {
            double scaled = Weights[i] * (1 << Precision);
            result[i] = (int)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
        }

        return result;
    }

    private static double Support(ResampleFilter filter) => filter switch
    {
        ResampleFilter.Box => 0.5,
        ResampleFilter.Bilinear or ResampleFilter.Hamming => 1.0,
        ResampleFilter.Bicubic => 2.0,
        ResampleFilter.Lanczos => 3.0,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "There is no such kernel."),
    };

    private static double Evaluate(ResampleFilter filter, double x)
    {
        switch (filter)
        {
            case ResampleFilter.Box:
                return x is > -0.5 and <= 0.5 ? 1.0 : 0.0;
            case ResampleFilter.Bilinear:
                x = Math.Abs(x);
                return x < 1.0 ? 1.0 - x : 0.0;
            case ResampleFilter.Hamming:
                x = Math.Abs(x);
                if (x == 0.0)
                    return 1.0;
                if (x >= 1.0)
                    return 0.0;
                x *= Math.PI;

                // The reference has these two constants in single precision; it shows in the last bit of some results.
                return Math.Sin(x) / x * (0.54f + (0.46f * Math.Cos(x)));
            case ResampleFilter.Bicubic:
                x = Math.Abs(x);
                const double A = -0.5;
                if (x < 1.0)
                    return ((((A + 2.0) * x) - (A + 3.0)) * x * x) + 1;
                return x < 2.0 ? ((((x - 5) * x) + 8) * x - 4) * A : 0.0;
            default:
                return x is >= -3.0 and < 3.0 ? Sinc(x) * Sinc(x / 3) : 0.0;
        }
    }

    private static double Sinc(double x)
    {
        if (x == 0.0)
            return 1.0;
        x *= Math.PI;
        return Math.Sin(x) / x;
    }
}
