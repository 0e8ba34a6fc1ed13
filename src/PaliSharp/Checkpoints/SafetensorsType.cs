using System.Diagnostics.CodeAnalysis;
using PaliSharp.Tensors;

namespace PaliSharp.Checkpoints;

/// <summary>An element type of the safetensors format.</summary>
/// <param name="Name">The name in the file's header, such as <c>BF16</c>.</param>
/// <param name="Bits">The size of an element in bits; 4 and 6 occur.</param>
public sealed record SafetensorsType(string Name, int Bits)
{
    private static readonly Dictionary<string, SafetensorsType> Known = new SafetensorsType[]
    {
        new("BOOL", 8), new("U8", 8), new("I8", 8), new("I16", 16), new("U16", 16), new("I32", 32), new("U32", 32), new("I64", 64),
        new("U64", 64), new("F16", 16), new("BF16", 16), new("F32", 32), new("F64", 64), new("C64", 64), new("F8_E4M3", 8),
        new("F8_E5M2", 8), new("F8_E8M0", 8), new("F8_E4M3FNUZ", 8), new("F8_E5M2FNUZ", 8), new("F6_E2M3", 6), new("F6_E3M2", 6),
        new("F4", 4),
    }.ToDictionary(type => type.Name, StringComparer.Ordinal);

    /// <summary>The names of all types of the format.</summary>
    public static IReadOnlyCollection<string> Names => Known.Keys;

    /// <summary>The storage type of weights it corresponds to, or null where weights cannot be stored so.</summary>
    public WeightType? WeightType => Name switch
    {
        "F32" => Tensors.WeightType.Float32,
        "BF16" => Tensors.WeightType.BFloat16,
        "F16" => Tensors.WeightType.Float16,
        _ => null,
    };

    /// <summary>Looks a type up by its name in the header.</summary>
    /// <param name="name">The name.</param>
    /// <param name="type">The type, if there is one.</param>
    /// <returns>Whether the format has such a type.</returns>
    public static bool TryParse(string name, [NotNullWhen(true)] out SafetensorsType? type) => Known.TryGetValue(name, out type);

    /// <summary>Bytes without a meaning of their own.</summary>
    public static SafetensorsType Bytes => Known["U8"];

    /// <summary>The type that stores a weight.</summary>
    /// <param name="type">The weight's storage type.</param>
    /// <exception cref="ArgumentOutOfRangeException">The type is quantised, which the format has no name for.</exception>
    public static SafetensorsType Of(WeightType type) => Known[type switch
    {
        Tensors.WeightType.Float32 => "F32",
        Tensors.WeightType.BFloat16 => "BF16",
        Tensors.WeightType.Float16 => "F16",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "A floating-point type was expected."),
    }];

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its element type.</param>
/// <param name="Shape">Its extents, outermost first; empty for a scalar.</param>
/// <param name="Offset">The position of its first byte in the file.</param>
/// <param name="ByteLength">Its size in bytes.</param>
public sealed record SafetensorsEntry(string Name, SafetensorsType Type, IReadOnlyList<long> Shape, long Offset, long ByteLength)
{
    /// <summary>The number of elements.</summary>
    public long ElementCount => Shape.Aggregate(1L, (product, extent) => product * extent);
}
