using PaliSharp.Tensors;
using PaliSharp.Tensors.Quantization;

namespace PaliSharp.Checkpoints;

/// <summary>A weight on its way into a quantised file: in memory, in a mapped file, or made as it is read.</summary>
/// <param name="Dense">How it is written if it stays as it is.</param>
/// <param name="Read">Gives its elements; may be called by several threads at once.</param>
internal sealed record WeightSource(SafetensorsContent Dense, ElementReader Read)
{
    /// <summary>The canonical name.</summary>
    public string Name => Dense.Name;

    /// <summary>The extents.</summary>
    public TensorShape Shape => Dense.Shape;

    /// <summary>A weight that lies somewhere.</summary>
    public static WeightSource Of(Weight weight) => new(SafetensorsContent.Of(weight), weight.CopyTo);
}
