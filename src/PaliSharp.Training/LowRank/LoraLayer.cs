using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Training.Autodiff;

namespace PaliSharp.Training.LowRank;

/// <summary>The trained update of one linear layer.</summary>
internal sealed unsafe class LoraLayer
{
    private readonly Weight _weight;
    private readonly Parameter _a;
    private readonly Parameter _b;
    private readonly Parameter? _magnitude;
    private float[] _inverseNorms = [];

    private LoraLayer(Weight weight, Parameter a, Parameter b, float scale, bool isDora)
    {
        _weight = weight;
        _a = a;
        _b = b;
        Module = ModuleOf(weight);
        if (isDora)
        {
            _magnitude = new Parameter($"{Module}.lora_magnitude_vector", new TensorShape(weight.Shape[0]));
            Scale = new Parameter($"{Module}.scale", new TensorShape(weight.Shape[0]));
        }

        Update = new LowRankUpdate(a.Weight, b.Weight, scale, Scale?.Weight);
    }

    /// <summary>The canonical path of the module.</summary>
    public string Module { get; }

    /// <summary>What the model computes beside the layer.</summary>
    public LowRankUpdate Update { get; }

    /// <summary>What is trained.</summary>
    public IEnumerable<Parameter> Parameters => _magnitude is null ? [_a, _b] : [_a, _b, _magnitude];

    /// <summary>DoRA's factor of each output, magnitude ÷ ‖row of W + scale·B·A‖: derived, but what the tape finds the gradient of.</summary>
    public Parameter? Scale { get; }

    /// <summary>A new update: A uniform in ±1/√inputs as PyTorch initialises linear layers, B zero, magnitudes those of W.</summary>
    public static LoraLayer Create(Weight weight, LoraOptions options, LoraChoice choice, GaussianRandom random)
    {
        string module = ModuleOf(weight);
        (int rank, float scale) = choice.RankAndScale(module);
        var a = new Parameter($"{module}.lora_A.weight", new TensorShape(rank, weight.Shape[1])) { InputDropout = options.Dropout };
        var b = new Parameter($"{module}.lora_B.weight", new TensorShape(weight.Shape[0], rank));
        double bound = 1 / Math.Sqrt(weight.Shape[1]);
        for (long i = 0; i < a.Count; i++)
            a.Values[i] = (float)(((2 * random.Uniform()) - 1) * bound);
        var layer = new LoraLayer(weight, a, b, scale, options.Dora);
        if (layer._magnitude is { } magnitude)
        {
            float[] inverse = layer.InverseNorms();
            for (int i = 0; i < inverse.Length; i++)
                magnitude.Values[i] = inverse[i] == 0 ? 0 : 1 / inverse[i];
        }

        return layer;
    }

    /// <summary>An update that was loaded.</summary>
    public static LoraLayer Continue(Weight weight, LowRankUpdate update, float dropout)
    {
        string module = ModuleOf(weight);
        var a = new Parameter($"{module}.lora_A.weight", update.A.Shape) { InputDropout = dropout };
        var b = new Parameter($"{module}.lora_B.weight", update.B.Shape);
        update.A.AsSpan().CopyTo(new Span<float>(a.Values, (int)a.Count));
        update.B.AsSpan().CopyTo(new Span<float>(b.Values, (int)b.Count));
        var layer = new LoraLayer(weight, a, b, update.Scale, update.OutputScale is not null);
        if (layer._magnitude is { } magnitude)
        {
            float[] inverse = layer.InverseNorms();
            ReadOnlySpan<float> scales = update.OutputScale!.AsSpan();
            for (int i = 0; i < inverse.Length; i++)
                magnitude.Values[i] = inverse[i] == 0 ? 0 : scales[i] / inverse[i];
        }

        return layer;
    }

    public void Refresh()
    {
        if (Scale is null)
            return;
        _inverseNorms = InverseNorms();
        for (int i = 0; i < _inverseNorms.Length; i++)
            Scale.Values[i] = _magnitude!.Values[i] * _inverseNorms[i];
    }

    // The norm is a constant to the gradient, as PEFT has it.
    public void CompleteGradient()
    {
        if (Scale is null)
            return;
        for (int i = 0; i < _inverseNorms.Length; i++)
            _magnitude!.Gradients[i] = Scale.Gradients[i] * _inverseNorms[i];
    }

    private static string ModuleOf(Weight weight) => weight.Name[..^".weight".Length];

    private float[] InverseNorms()
    {
        float[] ones = new float[_weight.Shape[0]];
        Array.Fill(ones, 1);
        return LowRankMath.OutputScale(_weight, Update with { OutputScale = null }, ones).AsSpan().ToArray();
    }
}
