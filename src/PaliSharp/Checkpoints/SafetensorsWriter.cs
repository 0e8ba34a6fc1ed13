using System.Buffers.Binary;
using System.Text.Json;
using PaliSharp.Tensors;

namespace PaliSharp.Checkpoints;

/// <summary>A tensor to be written, whose elements are produced when their turn comes.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type">Its element type.</param>
/// <param name="Shape">Its extents.</param>
/// <param name="Write">Writes exactly the elements, row-major and little-endian.</param>
public sealed record SafetensorsContent(string Name, SafetensorsType Type, TensorShape Shape, Action<Stream> Write)
{
    /// <summary>A tensor of floating-point elements.</summary>
    /// <param name="name">Its name in the file.</param>
    /// <param name="type">Its element type.</param>
    /// <param name="shape">Its extents.</param>
    /// <param name="write">Writes exactly the elements, row-major and little-endian.</param>
    /// <exception cref="ArgumentOutOfRangeException">The type is quantised, which this format has no name for.</exception>
    public SafetensorsContent(string name, WeightType type, TensorShape shape, Action<Stream> write)
        : this(name, SafetensorsType.Of(type), shape, write)
    {
    }

    /// <summary>The size in bytes.</summary>
    public long ByteLength => Shape.Count * Type.Bits / 8;

    /// <summary>A weight as it is in memory.</summary>
    /// <param name="weight">The weight, in a floating-point type.</param>
    /// <exception cref="ArgumentOutOfRangeException">The weight is quantised; <see cref="CheckpointQuantizer"/> writes those.</exception>
    public static SafetensorsContent Of(Weight weight)
    {
        ArgumentNullException.ThrowIfNull(weight);
        return new SafetensorsContent(weight.Name, weight.Type, weight.Shape, stream => Copy(weight, stream));
    }

    private static unsafe void Copy(Weight weight, Stream stream)
    {
        const int Chunk = 1 << 22;
        for (long offset = 0; offset < weight.ByteLength; offset += Chunk)
            stream.Write(new ReadOnlySpan<byte>((byte*)weight.Data + offset, (int)Math.Min(Chunk, weight.ByteLength - offset)));
        GC.KeepAlive(weight);
    }
}

/// <summary>
/// Writes safetensors files tensor by tensor, so that a file may be larger than memory. The same input gives the same bytes, and the
/// file appears whole or not at all.
/// </summary>
public static class SafetensorsWriter
{
    private const int Alignment = 64;

    /// <summary>Writes weights under their names.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="weights">The weights. Those of larger elements come first in the file; otherwise their order is kept.</param>
    /// <param name="metadata">Free-form strings for the header; none by default.</param>
    /// <exception cref="ArgumentException">A name occurs twice or is reserved.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, IEnumerable<Weight> weights, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(weights);
        Write(path, [.. weights.Select(SafetensorsContent.Of)], metadata);
    }

    /// <summary>Writes tensors whose elements are produced on the way.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="tensors">The tensors. Those of larger elements come first in the file; otherwise their order is kept.</param>
    /// <param name="metadata">Free-form strings for the header; none by default.</param>
    /// <exception cref="ArgumentException">A name occurs twice or is reserved.</exception>
    /// <exception cref="InvalidOperationException">A tensor wrote more or fewer bytes than its shape has.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<SafetensorsContent> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);

        // Large elements first, as the reference does: then every tensor is aligned to its elements.
        List<SafetensorsContent> ordered = [.. tensors.OrderByDescending(tensor => tensor.Type.Bits)];
        byte[] header = Header(ordered, metadata);
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach (SafetensorsContent tensor in ordered)
            {
                long start = stream.Position;
                tensor.Write(stream);
                if (stream.Position - start != tensor.ByteLength)
                {
                    throw new InvalidOperationException(
                        $"The tensor '{tensor.Name}' of {tensor.ByteLength} bytes wrote {stream.Position - start}.");
                }
            }
        });
    }

    private static byte[] Header(List<SafetensorsContent> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { "__metadata__" };
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                    json.WriteString(key, value);
                json.WriteEndObject();
            }

            long offset = 0;
            foreach (SafetensorsContent tensor in tensors)
            {
                if (!names.Add(tensor.Name))
                    throw new ArgumentException($"The name '{tensor.Name}' is reserved or occurs twice.", nameof(tensors));
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.Type.Name);
                json.WriteStartArray("shape");
                for (int axis = 0; axis < tensor.Shape.Rank; axis++)
                    json.WriteNumberValue(tensor.Shape[axis]);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += tensor.ByteLength);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        // Spaces after the object are part of the format; they align the data.
        while ((memory.Length + 8) % Alignment != 0)
            memory.WriteByte((byte)' ');
        return memory.ToArray();
    }
}
