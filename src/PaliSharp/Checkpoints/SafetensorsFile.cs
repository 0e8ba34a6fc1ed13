using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using PaliSharp.Tensors;

namespace PaliSharp.Checkpoints;

/// <summary>A safetensors file, memory-mapped: opening reads the header only, tensors are read when touched.</summary>
public sealed unsafe class SafetensorsFile : IDisposable
{
    private readonly MappedFile _file;
    private readonly List<SafetensorsEntry> _entries;
    private readonly Dictionary<string, SafetensorsEntry> _byName;
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);

    private SafetensorsFile(MappedFile file)
    {
        _file = file;
        _entries = SafetensorsHeader.Parse(file, _metadata);
        _byName = _entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
    }

    /// <summary>The path as given.</summary>
    public string Path => _file.Path;

    /// <summary>The file's length in bytes.</summary>
    public long ByteLength => _file.Length;

    /// <summary>The tensors, by position in the file.</summary>
    public IReadOnlyList<SafetensorsEntry> Tensors => _entries;

    /// <summary>The free-form strings of the header.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Maps a file and checks its header: lengths, names, types, and that the tensors tile the data exactly.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CheckpointException">The file is missing, unreadable or malformed.</exception>
    /// <exception cref="ResourceLimitException">The header describes more tensors than a model can have.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        MappedFile file = MappedFile.Open(path);
        try
        {
            return new SafetensorsFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether the file has a tensor of this name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="entry">The tensor's description.</param>
    public bool TryGetEntry(string name, [NotNullWhen(true)] out SafetensorsEntry? entry) => _byName.TryGetValue(name, out entry);

    /// <summary>
    /// A tensor as a weight: a view into the mapped file, or a copy where its bytes are not aligned to its element size.
    /// A scalar is given the shape [1].
    /// </summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="weightName">The name to give the weight; the tensor's by default.</param>
    /// <exception cref="CheckpointException">
    /// There is no such tensor, its type is not F32, BF16 or F16, or it has more than four extents or one beyond 2³¹ − 1.
    /// </exception>
    public Weight GetWeight(string name, string? weightName = null)
    {
        SafetensorsEntry entry = Find(name);
        if (entry.Type.WeightType is not { } type)
            throw new CheckpointException($"'{Path}': the tensor '{name}' has dtype {entry.Type}; weights must be F32, BF16 or F16. Convert the checkpoint.");
        TensorShape shape = ShapeOf(entry);
        byte* data = _file.Pointer + entry.Offset;
        if (entry.ByteLength == 0 || (nuint)data % (nuint)Weight.ElementSize(type) != 0)
        {
            var copy = new NativeBuffer(entry.ByteLength);
            Buffer.MemoryCopy(data, copy.Pointer, entry.ByteLength, entry.ByteLength);
            return new Weight(weightName ?? name, type, shape, copy.Pointer, copy);
        }

        return new Weight(weightName ?? name, type, shape, data, _file);
    }

    /// <summary>Copies a tensor of a floating-point type into an array, widened to float32.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <exception cref="CheckpointException">There is no such tensor, its type is not F32, BF16 or F16, or it has too many elements for an array.</exception>
    public float[] ReadSingles(string name)
    {
        Weight weight = GetWeight(name);
        var values = new float[ArrayLength(name, weight.Shape.Count)];
        weight.CopyTo(values);
        return values;
    }

    /// <summary>Copies a tensor of an integer type (or BOOL, as 0 and 1) into an array.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <exception cref="CheckpointException">There is no such tensor, its type is no integer, or it has too many elements for an array.</exception>
    public long[] ReadIntegers(string name)
    {
        SafetensorsEntry entry = Find(name);
        var values = new long[ArrayLength(name, entry.ElementCount)];
        int size = entry.Type.Bits / 8;
        for (int i = 0; i < values.Length; i++)
        {
            ReadOnlySpan<byte> bytes = _file.Bytes(entry.Offset + ((long)i * size), size);
            values[i] = entry.Type.Name switch
            {
                "BOOL" or "U8" => bytes[0],
                "I8" => (sbyte)bytes[0],
                "I16" => BinaryPrimitives.ReadInt16LittleEndian(bytes),
                "U16" => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
                "I32" => BinaryPrimitives.ReadInt32LittleEndian(bytes),
                "U32" => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
                "I64" => BinaryPrimitives.ReadInt64LittleEndian(bytes),
                _ => throw new CheckpointException($"'{Path}': the tensor '{name}' has dtype {entry.Type}; an integer type of at most 63 bits was expected."),
            };
        }

        return values;
    }

    /// <summary>The bytes of a tensor as they lie in the file, as a stream that is valid until this object is disposed.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <exception cref="CheckpointException">There is no such tensor.</exception>
    public Stream OpenTensor(string name)
    {
        SafetensorsEntry entry = Find(name);
        return _file.OpenStream(entry.Offset, entry.ByteLength);
    }

    /// <summary>A matrix of a type that safetensors has no name for, stored as U8 of as many bytes as the weight takes.</summary>
    internal Weight GetBytes(string name, string weightName, WeightType type, TensorShape shape)
    {
        SafetensorsEntry entry = Find(name);
        return entry.ByteLength == Weight.SizeOf(type, shape)
            ? new Weight(weightName, type, shape, _file.Pointer + entry.Offset, _file)
            : throw new CheckpointException($"'{Path}': the tensor '{name}' has {entry.ByteLength} bytes; {type} {shape} takes {Weight.SizeOf(type, shape)}.");
    }

    /// <summary>The bytes in front of the tensors, as a stream that is valid until this object is disposed.</summary>
    internal Stream OpenHeader() => _file.OpenStream(0, _entries.Count == 0 ? _file.Length : _entries[0].Offset);

    /// <summary>Unmaps the file. Weights taken from it become invalid; using one afterwards ends the process.</summary>
    public void Dispose() => _file.Dispose();

    private SafetensorsEntry Find(string name) => _byName.TryGetValue(name, out SafetensorsEntry? entry)
        ? entry
        : throw new CheckpointException($"'{Path}' has no tensor '{name}'.");

    private TensorShape ShapeOf(SafetensorsEntry entry)
    {
        if (entry.Shape.Count > 4 || entry.Shape.Any(extent => extent > int.MaxValue))
        {
            throw new CheckpointException($"'{Path}': the tensor '{entry.Name}' has the shape [{string.Join(", ", entry.Shape)}]; "
                + "a weight has at most four extents, each below 2³¹.");
        }

        return entry.Shape.Count == 0 ? new TensorShape(1) : TensorShape.From([.. entry.Shape.Select(extent => (int)extent)]);
    }

    private int ArrayLength(string name, long count) => count <= Array.MaxLength
        ? (int)count
        : throw new CheckpointException($"'{Path}': the tensor '{name}' has {count} elements, too many for one array.");
}
