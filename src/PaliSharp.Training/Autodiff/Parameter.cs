using System.Runtime.InteropServices;
using PaliSharp.Tensors;

namespace PaliSharp.Training.Autodiff;

/// <summary>A weight that is trained: float32 values in memory of its own, updated in place, and their gradient.</summary>
public sealed unsafe class Parameter
{
    /// <summary>Creates a parameter of zeros.</summary>
    /// <param name="name">Its name, unique among the parameters of a model.</param>
    /// <param name="shape">Its extents.</param>
    public Parameter(string name, TensorShape shape)
    {
        ArgumentNullException.ThrowIfNull(name);
        Weight = Zeros(name, shape);
        Gradient = Zeros(name, shape);
    }

    /// <summary>Creates a parameter that starts with the values of a weight of any storage type.</summary>
    /// <param name="source">The weight.</param>
    /// <returns>A parameter of the same name and shape.</returns>
    public static Parameter CopyOf(Weight source)
    {
        ArgumentNullException.ThrowIfNull(source);
        const int Chunk = 1 << 24;
        var parameter = new Parameter(source.Name, source.Shape);
        for (long start = 0; start < source.Shape.Count; start += Chunk)
        {
            int length = (int)Math.Min(Chunk, source.Shape.Count - start);
            source.CopyTo(start, length, new Span<float>(parameter.Values + start, length));
        }

        return parameter;
    }

    /// <summary>The name.</summary>
    public string Name => Weight.Name;

    /// <summary>The extents.</summary>
    public TensorShape Shape => Weight.Shape;

    /// <summary>The number of elements.</summary>
    public long Count => Shape.Count;

    /// <summary>The values, as models read them.</summary>
    public Weight Weight { get; }

    /// <summary>The gradient that backward passes have added up since it was last cleared.</summary>
    public Weight Gradient { get; }

    /// <summary>The part of the inputs dropped before a product with this weight, 0 to below 1: LoRA drops the input of A.</summary>
    public float InputDropout { get; init; }

    /// <summary>The values, to be changed in place.</summary>
    public float* Values => (float*)Weight.Data;

    /// <summary>The gradient's elements.</summary>
    internal float* Gradients => (float*)Gradient.Data;

    /// <summary>The values' elements, for as long as this lives.</summary>
    internal Span<float> ValueSpan => new(Values, checked((int)Count));

    /// <summary>The gradient's elements, for as long as this lives.</summary>
    internal Span<float> GradientSpan => new(Gradients, checked((int)Count));

    /// <summary>Sets the gradient to zero.</summary>
    public void ClearGradient()
    {
        NativeMemory.Clear(Gradient.Data, (nuint)Gradient.ByteLength);
        GC.KeepAlive(this);
    }

    private static Weight Zeros(string name, TensorShape shape)
    {
        var memory = new NativeBuffer(shape.Count * sizeof(float));
        return new Weight(name, WeightType.Float32, shape, memory.Pointer, memory);
    }
}
