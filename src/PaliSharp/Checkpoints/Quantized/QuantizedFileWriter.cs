using System.Globalization;
using System.Security.Cryptography;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Quantization;

namespace PaliSharp.Checkpoints;

/// <summary>Writes a <see cref="QuantizedFile"/> tensor by tensor, some rows at a time: memory does not grow with the model.</summary>
/// <param name="type">The scheme: <see cref="WeightType.Int8"/> or <see cref="WeightType.Int4"/>.</param>
/// <param name="everything">True to quantise small matrices as well.</param>
/// <param name="sourceBytes">The length of the files it is made from.</param>
/// <param name="progress">Told about every piece written.</param>
/// <param name="cancellationToken">Stops between pieces and leaves no file.</param>
internal sealed unsafe class QuantizedFileWriter(
    WeightType type, bool everything, long sourceBytes, IProgress<QuantizationProgress>? progress, CancellationToken cancellationToken)
{
    private const int Alignment = 64;
    private const int ChunkBytes = 8 << 20;
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal)
    {
        [QuantizedFile.FormatKey] = QuantizedFile.FormatVersion,
        [QuantizedFile.WeightsKey] = QuantizationScheme.NameOf(type),
        [QuantizedFile.SourceBytesKey] = sourceBytes.ToString(CultureInfo.InvariantCulture),
    };

    private readonly List<byte[]> _digests = [];
    private long _written;
    private long _total;

    /// <summary>Writes the file; it appears whole or not at all.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="weights">The weights under their canonical names.</param>
    /// <exception cref="CheckpointException">A weight is not finite.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Write(string path, IEnumerable<WeightSource> weights)
    {
        List<SafetensorsContent> tensors = Arrange(weights);
        _total = tensors.Sum(tensor => tensor.ByteLength);
        tensors.Add(new SafetensorsContent(
            QuantizedFile.DigestsName, SafetensorsType.Bytes, new TensorShape(tensors.Count + 1, SHA256.HashSizeInBytes), WriteDigests));
        SafetensorsWriter.Write(path, tensors, _metadata);
    }

    // The writer sorts by the size of elements; sorting here first keeps the order, which digests and padding depend on.
    private List<SafetensorsContent> Arrange(IEnumerable<WeightSource> weights)
    {
        var tensors = new List<SafetensorsContent>();
        long position = 0;
        foreach ((WeightSource weight, WeightType? stored) in weights
            .Select(weight => (weight, QuantizationScheme.TypeOf(weight.Name, weight.Shape, type, everything)))
            .OrderByDescending(pair => pair.Item2 is null ? pair.weight.Dense.Type.Bits : 8))
        {
            if (stored is not { } quantized)
            {
                Add(weight.Dense);
                continue;
            }

            int gap = (int)(-position & (Alignment - 1));
            if (gap > 0)
            {
                Add(new SafetensorsContent(
                    $"{QuantizedFile.PaddingPrefix}{tensors.Count}", SafetensorsType.Bytes, new TensorShape(gap), stream => stream.Write(new byte[gap])));
            }

            int groupBytes = checked((int)QuantizedLayout.GroupBytes(quantized, weight.Shape.Columns));
            var bytes = new TensorShape(QuantizedLayout.Groups(weight.Shape.Rows), groupBytes);
            _metadata.Add(weight.Name, QuantizedFile.Describe(quantized, weight.Shape));
            Add(new SafetensorsContent(
                weight.Name, SafetensorsType.Bytes, bytes, stream => Quantize(weight, quantized, stream)));
        }

        return tensors;

        void Add(SafetensorsContent content)
        {
            position += content.ByteLength;
            tensors.Add(content with { Write = stream => WriteHashed(content, stream) });
        }
    }

    private void WriteHashed(SafetensorsContent content, Stream stream)
    {
        using var hashing = new HashingStream(stream, count =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            _written += count;
            progress?.Report(new QuantizationProgress(content.Name, _written, _total));
        });
        content.Write(hashing);
        _digests.Add(hashing.Digest());
    }

    private static void Quantize(WeightSource weight, WeightType type, Stream stream)
    {
        int groupBytes = checked((int)QuantizedLayout.GroupBytes(type, weight.Shape.Columns));
        int total = QuantizedLayout.Groups(weight.Shape.Rows);
        int chunk = Math.Clamp(ChunkBytes / groupBytes, 1, total);
        using var buffer = new NativeBuffer((long)chunk * groupBytes);
        for (int start = 0; start < total; start += chunk)
        {
            int count = Math.Min(chunk, total - start);
            try
            {
                Quantizer.QuantizeGroups(weight.Name, weight.Shape, type, weight.Read, start, count, (byte*)buffer.Pointer);
            }
            catch (ArgumentException exception)
            {
                throw QuantizationScheme.NotFinite(weight.Name, exception);
            }

            stream.Write(new ReadOnlySpan<byte>(buffer.Pointer, checked(count * groupBytes)));
        }
    }

    // The header was written before the tensors; the file can be read back.
    private void WriteDigests(Stream stream)
    {
        long end = stream.Position;
        stream.Position = 0;
        byte[] length = new byte[8];
        stream.ReadExactly(length);
        byte[] header = new byte[8 + BitConverter.ToInt64(length)];
        stream.Position = 0;
        stream.ReadExactly(header);
        stream.Position = end;
        stream.Write(SHA256.HashData(header));
        foreach (byte[] digest in _digests)
            stream.Write(digest);
    }
}
