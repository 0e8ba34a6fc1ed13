using System.Diagnostics.CodeAnalysis;
using System.IO.Compression;
using PaliSharp.Tensors;

namespace PaliSharp.Checkpoints;

/// <summary>One array of an <c>.npz</c> file.</summary>
/// <param name="Name">Its name, without <c>.npy</c>.</param>
/// <param name="Type">The numpy element type, such as <c>&lt;f4</c>, or <c>|V2</c> for what big_vision means as bfloat16.</param>
/// <param name="Shape">Its extents, outermost first; empty for a scalar.</param>
/// <param name="IsFortranOrder">Whether the first index runs fastest.</param>
/// <param name="ByteLength">The size of the data in bytes.</param>
public sealed record NpyArray(string Name, string Type, IReadOnlyList<long> Shape, bool IsFortranOrder, long ByteLength)
{
    /// <summary>The storage type of weights it corresponds to, or null where weights cannot be stored so.</summary>
    public WeightType? WeightType => Type switch
    {
        "<f4" or "=f4" => Tensors.WeightType.Float32,
        "<f2" or "=f2" => Tensors.WeightType.Float16,
        "|V2" or "<V2" or "=V2" => Tensors.WeightType.BFloat16,
        _ => null,
    };

    /// <summary>The number of elements.</summary>
    public long ElementCount => Shape.Aggregate(1L, (product, extent) => product * extent);
}

/// <summary>A numpy <c>.npz</c> file: a zip archive of arrays, stored or deflated. Opening reads the headers; data is unpacked when asked for.</summary>
public sealed class NpzArchive : IDisposable
{
    private readonly MappedFile _file;
    private readonly Dictionary<string, (NpyArray Array, ZipEntry Entry, int HeaderLength)> _arrays = new(StringComparer.Ordinal);

    private NpzArchive(MappedFile file)
    {
        _file = file;
        foreach (ZipEntry entry in ZipDirectory.Read(file))
        {
            if (entry.Name.EndsWith('/') && entry.Length == 0)
                continue;
            string name = entry.Name.EndsWith(".npy", StringComparison.Ordinal) ? entry.Name[..^4] : entry.Name;
            (NpyArray array, int headerLength) = ReadHeader(entry, name);
            if (!_arrays.TryAdd(name, (array, entry, headerLength)))
                throw new CheckpointException($"'{Path}' holds the array '{Problems.Shorten(name)}' twice.");
        }
    }

    /// <summary>The path as given.</summary>
    public string Path => _file.Path;

    /// <summary>The file's length in bytes.</summary>
    public long ByteLength => _file.Length;

    /// <summary>The arrays.</summary>
    public IEnumerable<NpyArray> Arrays => _arrays.Values.Select(item => item.Array);

    /// <summary>Maps an archive and reads the headers of its arrays.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CheckpointException">The file is missing, unreadable or malformed.</exception>
    /// <exception cref="ResourceLimitException">It would unpack to far more than its own size.</exception>
    public static NpzArchive Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        MappedFile file = MappedFile.Open(path);
        try
        {
            return new NpzArchive(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether there is an array of this name.</summary>
    /// <param name="name">The name, without <c>.npy</c>.</param>
    /// <param name="array">Its description.</param>
    public bool TryGetArray(string name, [NotNullWhen(true)] out NpyArray? array)
    {
        bool found = _arrays.TryGetValue(name, out (NpyArray Array, ZipEntry, int) item);
        array = found ? item.Array : null;
        return found;
    }

    /// <summary>The data of an array as a stream, from the first element on. Valid until this object is disposed.</summary>
    /// <param name="name">The array's name.</param>
    /// <exception cref="CheckpointException">There is no such array, or its data is cut off.</exception>
    public Stream OpenData(string name)
    {
        (_, ZipEntry entry, int headerLength) = Find(name);
        Stream stream = OpenEntry(entry);
        ReadExactly(stream, new byte[headerLength], name);
        return stream;
    }

    /// <summary>Copies an array of floating-point numbers in C order, widened to float32.</summary>
    /// <param name="name">The array's name.</param>
    /// <exception cref="CheckpointException">There is no such array, it is in Fortran order, or its type is not f4, f2 or V2 (bfloat16).</exception>
    public float[] ReadSingles(string name)
    {
        NpyArray array = Find(name).Array;
        if (array.IsFortranOrder && array.Shape.Count > 1)
            throw new CheckpointException($"'{Path}': the array '{name}' is in Fortran order; C order was expected.");
        if (array.WeightType is not { } type || array.ElementCount > Array.MaxLength)
            throw new CheckpointException($"'{Path}': the array '{name}' has type {array.Type} and {array.ElementCount} elements; f4, f2 or V2 (bfloat16) of at most {Array.MaxLength} elements was expected.");
        using Stream stream = OpenData(name);
        NativeBuffer memory = ReadBlock(stream, array.ByteLength, name);
        var values = new float[array.ElementCount];
        unsafe
        {
            new Weight(name, type, new TensorShape(values.Length), memory.Pointer, memory).CopyTo(values);
        }

        return values;
    }

    /// <summary>Unmaps the file.</summary>
    public void Dispose() => _file.Dispose();

    /// <summary>Reads the next bytes of an array's data into new memory.</summary>
    /// <param name="stream">From <see cref="OpenData"/>.</param>
    /// <param name="byteLength">How many.</param>
    /// <param name="name">The array's name, for messages.</param>
    internal unsafe NativeBuffer ReadBlock(Stream stream, long byteLength, string name)
    {
        const int Chunk = 1 << 22;
        var memory = new NativeBuffer(byteLength);
        for (long offset = 0; offset < byteLength; offset += Chunk)
            ReadExactly(stream, new Span<byte>((byte*)memory.Pointer + offset, (int)Math.Min(Chunk, byteLength - offset)), name);
        return memory;
    }

    private (NpyArray Array, int HeaderLength) ReadHeader(ZipEntry entry, string name)
    {
        string file = $"The array '{Problems.Shorten(name)}' of '{Path}'";
        NpyHeader header;
        using (Stream stream = OpenEntry(entry))
        {
            try
            {
                header = NpyHeader.Read(stream, file);
            }
            catch (InvalidDataException e)
            {
                throw new CheckpointException($"{file} cannot be unpacked: its compressed data is broken.", e);
            }
        }

        if (header.ElementSize == 0)
            throw new CheckpointException($"{file} has the element type '{Problems.Shorten(header.Type)}'; little-endian numbers were expected.");
        UInt128 size = (UInt128)header.ElementSize;
        foreach (long extent in header.Shape)
        {
            size *= (UInt128)extent;
            if (size > (UInt128)long.MaxValue)
                break;
        }

        if (size != (UInt128)(entry.Length - header.Length))
        {
            throw new CheckpointException($"{file} of type {header.Type} and shape [{string.Join(", ", header.Shape)}] needs {size} bytes, "
                + $"but has {entry.Length - header.Length}.");
        }

        return (new NpyArray(name, header.Type, header.Shape, header.IsFortranOrder, (long)size), header.Length);
    }

    private Stream OpenEntry(ZipEntry entry)
    {
        Stream stored = _file.OpenStream(entry.Offset, entry.StoredLength);
        return entry.IsDeflated ? new DeflateStream(stored, CompressionMode.Decompress) : stored;
    }

    private void ReadExactly(Stream stream, Span<byte> buffer, string name)
    {
        try
        {
            stream.ReadExactly(buffer);
        }
        catch (Exception e) when (e is EndOfStreamException or InvalidDataException)
        {
            throw new CheckpointException($"'{Path}': the data of the array '{Problems.Shorten(name)}' is cut off or broken.", e);
        }
    }

    private (NpyArray Array, ZipEntry Entry, int HeaderLength) Find(string name) => _arrays.TryGetValue(name, out var item)
        ? item
        : throw new CheckpointException($"'{Path}' has no array '{name}'.");
}
