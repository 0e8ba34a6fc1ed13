using System.Buffers.Binary;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Text.Json;

namespace PaliSharp.TestSupport;

/// <summary>Reads the safetensors files of the reference data: simple, trusting, independent of the library's own reader.</summary>
public static class GoldenTensors
{
    /// <summary>Reads all tensors of a file.</summary>
    /// <param name="path">A safetensors file.</param>
    /// <returns>The tensors by name.</returns>
    /// <exception cref="InvalidDataException">The file is not what it claims to be.</exception>
    public static IReadOnlyDictionary<string, GoldenTensor> Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        byte[] file = File.ReadAllBytes(path);
        if (file.Length < 8)
            throw new InvalidDataException($"'{path}' is too short for a safetensors file.");
        long headerLength = BinaryPrimitives.ReadInt64LittleEndian(file);
        if (headerLength < 2 || headerLength > file.Length - 8)
            throw new InvalidDataException($"'{path}' declares a header of {headerLength} bytes in a file of {file.Length}.");
        int dataStart = 8 + (int)headerLength;
        using JsonDocument header = JsonDocument.Parse(file.AsMemory(8, (int)headerLength));
        var tensors = new Dictionary<string, GoldenTensor>();
        foreach (JsonProperty entry in header.RootElement.EnumerateObject())
        {
            if (entry.Name == "__metadata__")
                continue;
            string type = entry.Value.GetProperty("dtype").GetString()!;
            int[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(extent => extent.GetInt32())];
            int[] range = [.. entry.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt32())];
            var tensor = new GoldenTensor(shape, type, file.AsMemory(dataStart + range[0], range[1] - range[0]));
            if (tensor.Bytes.Length != tensor.Count * tensor.ElementSize)
                throw new InvalidDataException($"'{entry.Name}' in '{path}' holds {tensor.Bytes.Length} bytes, not {tensor.Count} {type}.");
            tensors.Add(entry.Name, tensor);
        }

        return new ReadOnlyDictionary<string, GoldenTensor>(tensors);
    }
}

/// <summary>One tensor of a reference file.</summary>
/// <param name="shape">The extents, none for a scalar.</param>
/// <param name="dType">F64, F32, F16, BF16, I64, I32, I16, I8, U8 or BOOL.</param>
/// <param name="bytes">The elements, little-endian and row-major.</param>
public sealed class GoldenTensor(int[] shape, string dType, ReadOnlyMemory<byte> bytes)
{
    /// <summary>The extents, none for a scalar.</summary>
    public int[] Shape { get; } = shape;

    /// <summary>The element type as safetensors names it.</summary>
    public string DType { get; } = dType;

    /// <summary>The elements as stored.</summary>
    public ReadOnlyMemory<byte> Bytes { get; } = bytes;

    /// <summary>The number of elements.</summary>
    public int Count => Shape.Aggregate(1, (product, extent) => checked(product * extent));

    /// <summary>The bytes of one element.</summary>
    public int ElementSize => DType switch
    {
        "F64" or "I64" => 8,
        "F32" or "I32" => 4,
        "F16" or "BF16" or "I16" => 2,
        "I8" or "U8" or "BOOL" => 1,
        _ => throw new InvalidDataException($"The element type {DType} is not known here."),
    };

    /// <summary>The elements of any type, in float64.</summary>
    public double[] Doubles() => Read(
        static (type, source) => type switch
        {
            "F64" => BinaryPrimitives.ReadDoubleLittleEndian(source),
            "F32" => BinaryPrimitives.ReadSingleLittleEndian(source),
            "F16" => (double)BinaryPrimitives.ReadHalfLittleEndian(source),
            "BF16" => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(source) << 16),
            _ => ReadInteger(type, source),
        });

    /// <summary>The elements of any type, rounded to float32.</summary>
    public float[] Floats() => Array.ConvertAll(Doubles(), value => (float)value);

    /// <summary>The elements of an integer or boolean tensor.</summary>
    /// <exception cref="InvalidDataException">The tensor is of another type.</exception>
    public long[] Longs() => Read(ReadInteger);

    /// <summary>The elements of an integer or boolean tensor whose values fit 32 bits.</summary>
    public int[] Ints() => Array.ConvertAll(Longs(), value => checked((int)value));

    /// <summary>The type and shape, for messages.</summary>
    public override string ToString() =>
        $"{DType} [{string.Join(", ", Shape.Select(extent => extent.ToString(CultureInfo.InvariantCulture)))}]";

    private delegate T ReadElement<out T>(string type, ReadOnlySpan<byte> source);

    private static long ReadInteger(string type, ReadOnlySpan<byte> source) => type switch
    {
        "I64" => BinaryPrimitives.ReadInt64LittleEndian(source),
        "I32" => BinaryPrimitives.ReadInt32LittleEndian(source),
        "I16" => BinaryPrimitives.ReadInt16LittleEndian(source),
        "I8" => (sbyte)source[0],
        "U8" or "BOOL" => source[0],
        _ => throw new InvalidDataException($"{type} is not an integer type."),
    };

    private T[] Read<T>(ReadElement<T> read)
    {
        var values = new T[Count];
        int size = ElementSize;
        for (int i = 0; i < values.Length; i++)
            values[i] = read(DType, Bytes.Span.Slice(i * size, size));
        return values;
    }
}
