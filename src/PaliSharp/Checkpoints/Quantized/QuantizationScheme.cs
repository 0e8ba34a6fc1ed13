using PaliSharp.Tensors;
using PaliSharp.Tensors.Quantization;

namespace PaliSharp.Checkpoints;

/// <summary>Which tensors of a model are stored how when it is quantised.</summary>
internal static class QuantizationScheme
{
    private const string DecoderLayers = "language_model.model.layers.";

    // A matrix below it takes less than half a megabyte in 16 bits; a table below it a few, read for each token beside what the layers take.
    private const long SmallestMatrix = 1 << 18;
    private const long SmallestTable = 1 << 24;

    /// <summary>The storage of one tensor; null to leave it as it is.</summary>
    /// <param name="name">The canonical name.</param>
    /// <param name="shape">The extents.</param>
    /// <param name="type"><see cref="WeightType.Int8"/> or <see cref="WeightType.Int4"/>.</param>
    /// <param name="everything">True to quantise small matrices as well.</param>
    /// <remarks>
    /// Vectors and positions are small and read element by element; the patch embedding, the only convolution, is small and sees the
    /// raw pixels. With 4 bits only the decoder's layers have 4: they are what a token's time is spent on, while the table is also the output
    /// head, where errors move the answer directly, and the encoder runs once for a picture and is small beside the decoder. Small matrices, and with
    /// them whole small models, stay as they are: rounding them loses what shows and saves what does not.
    /// </remarks>
    public static WeightType? TypeOf(string name, TensorShape shape, WeightType type, bool everything)
    {
        if (shape.Rank != 2 || ModelTensors.IsWidened(name, shape))
            return null;
        bool isLayer = name.StartsWith(DecoderLayers, StringComparison.Ordinal);
        if (!everything && shape.Count < (name == TensorNames.Embedding ? SmallestTable : SmallestMatrix))
            return null;
        return type == WeightType.Int4 && !isLayer ? WeightType.Int8 : type;
    }

    /// <summary>The name of a quantised type in files and on command lines.</summary>
    /// <param name="type">A quantised type.</param>
    public static string NameOf(WeightType type) => type == WeightType.Int8 ? "int8" : "int4";

    /// <summary>The quantised type of a name.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The type; null if there is none of this name.</returns>
    public static WeightType? Parse(string name) => name switch
    {
        "int8" => WeightType.Int8,
        "int4" => WeightType.Int4,
        _ => null,
    };

    /// <summary>Quantises the matrices of a set into memory.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="type"><see cref="WeightType.Int8"/> or <see cref="WeightType.Int4"/>.</param>
    /// <param name="everything">True to quantise small matrices as well.</param>
    /// <exception cref="CheckpointException">A weight is not finite.</exception>
    public static WeightSet Apply(WeightSet weights, WeightType type, bool everything) => new([.. weights.Select(weight =>
    {
        if (TypeOf(weight.Name, weight.Shape, type, everything) is not { } stored)
            return weight;
        try
        {
            return Quantizer.Quantize(weight, stored);
        }
        catch (ArgumentException exception)
        {
            throw NotFinite(weight.Name, exception);
        }
    })]);

    /// <summary>What to say of a weight that cannot be quantised.</summary>
    public static CheckpointException NotFinite(string name, Exception cause) => new(
        $"The weight '{name}' holds NaN or infinity and cannot be quantised. The checkpoint is damaged: download it again.", cause);
}
