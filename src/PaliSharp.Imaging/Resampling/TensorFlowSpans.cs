namespace PaliSharp.Imaging.Resampling;

/// <summary>The weights of one axis as TensorFlow's kernels compute them, in single precision.</summary>
internal sealed class TensorFlowSpans
{
    // The cubic without antialiasing reads its weights from a table of this many steps between two pixels.
    private const int CubicSteps = 1024;

    private readonly int[] _first;
    private readonly float[][] _weights;

    private TensorFlowSpans(int outputs)
    {
        _first = new int[outputs];
        _weights = new float[outputs][];
    }

    /// <summary>The number of outputs.</summary>
    public int Outputs => _first.Length;

    /// <summary>The first input of an output.</summary>
    public int First(int output) => _first[output];

    /// <summary>The weights of an output, from <see cref="First"/> on.</summary>
    public ReadOnlySpan<float> Weights(int output) => _weights[output];

    /// <summary>Computes the weights of an axis.</summary>
    /// <param name="inputs">The pixels of the source.</param>
    /// <param name="outputs">The pixels of the result.</param>
    /// <param name="method">The method.</param>
    /// <param name="antialias">Whether the kernel widens when scaling down.</param>
    public static TensorFlowSpans Create(int inputs, int outputs, TensorFlowMethod method, bool antialias)
    {
        var spans = new TensorFlowSpans(outputs);
        for (int i = 0; i < outputs; i++)
        {
            (spans._first[i], spans._weights[i]) = (method, antialias) switch
            {
                (TensorFlowMethod.Area, _) => Area(inputs, outputs, i),
                (TensorFlowMethod.Bilinear, false) => Linear(inputs, outputs, i),
                (TensorFlowMethod.Bicubic, false) => Cubic(inputs, outputs, i),
                _ => Kernel(inputs, outputs, i, method, antialias),
            };
        }

        return spans;
    }

    private static (int First, float[] Weights) Kernel(int inputs, int outputs, int output, TensorFlowMethod method, bool antialias)
    {
        float inverse = 1.0f / ((float)outputs / inputs);
        float widening = antialias ? Math.Max(inverse, 1.0f) : 1.0f;
        float radius = Radius(method) * widening;
        float center = (output + 0.5f) * inverse;
        int first = Math.Clamp((int)MathF.Ceiling(center - radius - 0.5f), 0, inputs - 1);
        int last = Math.Clamp((int)MathF.Floor(center + radius - 0.5f), first, inputs - 1);
        float[] weights = new float[last - first + 1];
        float sum = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] = Evaluate(method, (first + i + 0.5f - center) * (1.0f / widening));
            sum += weights[i];
        }

        float factor = Math.Abs(sum) < 1000 * 1.17549435e-38f ? 0 : 1.0f / sum;
        for (int i = 0; i < weights.Length; i++)
            weights[i] *= factor;
        return (first, weights);
    }

    private static (int First, float[] Weights) Linear(int inputs, int outputs, int output)
    {
        float position = ((output + 0.5f) * ((float)inputs / outputs)) - 0.5f;
        float floor = MathF.Floor(position);
        int lower = Math.Clamp((int)floor, 0, inputs - 1);
        int upper = Math.Clamp((int)MathF.Ceiling(position), 0, inputs - 1);
        float share = position - floor;
        return lower == upper ? (lower, [1]) : (lower, [1 - share, share]);
    }

    private static (int First, float[] Weights) Cubic(int inputs, int outputs, int output)
    {
        float position = ((output + 0.5f) * ((float)inputs / outputs)) - 0.5f;
        int floor = (int)MathF.Floor(position);
        float share = MathF.Round((position - floor) * CubicSteps) / CubicSteps;

        // Pixels beyond the border get no weight; the others share it.
        int first = Math.Clamp(floor - 1, 0, inputs - 1);
        int last = Math.Clamp(floor + 2, first, inputs - 1);
        float[] weights = new float[last - first + 1];
        float sum = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] = Evaluate(TensorFlowMethod.Bicubic, first + i - floor - share);
            sum += weights[i];
        }

        for (int i = 0; i < weights.Length; i++)
            weights[i] /= sum;
        return (first, weights);
    }

    private static (int First, float[] Weights) Area(int inputs, int outputs, int output)
    {
        float scale = (float)inputs / outputs;
        float low = output * scale;
        float high = (output + 1) * scale;
        int first = Math.Clamp((int)MathF.Floor(low), 0, inputs - 1);
        int end = Math.Clamp((int)MathF.Ceiling(high), first + 1, inputs);
        float[] weights = new float[end - first];
        for (int i = 0; i < weights.Length; i++)
            weights[i] = (Math.Min(high, first + i + 1) - Math.Max(low, first + i)) / scale;
        return (first, weights);
    }

    private static float Radius(TensorFlowMethod method) => method switch
    {
        TensorFlowMethod.Bilinear => 1,
        TensorFlowMethod.Lanczos3 => 3,
        _ => 2,
    };

    private static float Evaluate(TensorFlowMethod method, float x)
    {
        x = Math.Abs(x);
        switch (method)
        {
            case TensorFlowMethod.Bilinear:
                return Math.Max(0, 1 - x);
            case TensorFlowMethod.Bicubic:
                if (x >= 2)
                    return 0;
                return x >= 1 ? (((((-0.5f * x) + 2.5f) * x) - 4) * x) + 2 : (((1.5f * x) - 2.5f) * x * x) + 1;
            case TensorFlowMethod.MitchellCubic:
                if (x >= 2)
                    return 0;
                return x >= 1
                    ? (((((-7 / 18.0f * x) + 2) * x) - (10 / 3.0f)) * x) + (16 / 9.0f)
                    : (((7 / 6.0f * x) - 2) * x * x) + (8 / 9.0f);
            default:
                if (x > 3)
                    return 0;
                return x <= 1e-3f ? 1 : 3 * MathF.Sin(MathF.PI * x) * MathF.Sin(MathF.PI * x / 3) / (MathF.PI * MathF.PI * x * x);
        }
    }
}
