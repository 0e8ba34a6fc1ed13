using System.Globalization;
using System.Security.Cryptography;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Quantization;

namespace PaliSharp.Checkpoints;

/// <summary>Writes a <see cref="QuantizedFile"/> tensor by tensor, some rows at a time: memory does not grow with the model.</summary>
internal sealed unsafe class QuantizedFileWriter(WeightType type, long sourceBytes, IProgress<QuantizationProgress>? progress, CancellationToken cancellationToken)
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
    public void Write(string path, WeightSet weights)
    {
        List<SafetensorsContent> tensors = Arrange(weights);
        _total = tensors.Sum(tensor => tensor.ByteLength);
        tensors.Add(new SafetensorsContent(
            QuantizedFile.DigestsName, SafetensorsType.Bytes, new TensorShape(tensors.Count + 1, SHA256.HashSizeInBytes), WriteDigests));
        SafetensorsWriter.Write(path, tensors, _metadata);
    }

    // The writer sorts by the size of elements; sorting here first keeps the order, which digests and padding depend on.
    private List<SafetensorsContent> Arrange(WeightSet weights)
    {
        var tensors = new List<SafetensorsContent>();
        long position = 0;
        foreach ((Weight weight, WeightType? stored) in weights
            .Select(weight => (weight, QuantizationScheme.TypeOf(weight.Name, weight.Shape, type)))
            .OrderByDescending(pair => pair.Item2 is null ? Weight.ElementSize(pair.weight.Type) : 1))
        {
            if (stored is not { } quantized)
            {
                Add(SafetensorsContent.Of(weight));
                continue;
            }

            int gap = (int)(-position & (Alignment - 1));
            if (gap > 0)
            {
                Add(new SafetensorsContent(
                    $"{QuantizedFile.PaddingPrefix}{tensors.Count}", SafetensorsType.Bytes, new TensorShape(gap), stream => stream.Write(new byte[gap])));
            }

            int rowBytes = checked((int)QuantizedRow.Bytes(quantized, weight.Shape.Columns));
            _metadata.Add(weight.Name, QuantizedFile.Describe(quantized, weight.Shape));
            Add(new SafetensorsContent(
                weight.Name, SafetensorsType.Bytes, new TensorShape(weight.Shape.Rows, rowBytes), stream => Quantize(weight, quantized, stream)));
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

    private static void Quantize(Weight weight, WeightType type, Stream stream)
    {
        int rowBytes = checked((int)QuantizedRow.Bytes(type, weight.Shape.Columns));
        int rows = Math.Clamp(ChunkBytes / rowBytes, 1, weight.Shape.Rows);
        using var buffer = new NativeBuffer((long)rows * rowBytes);
        for (int start = 0; start < weight.Shape.Rows; start += rows)
        {
            int count = Math.Min(rows, weight.Shape.Rows - start);
            try
            {
                Quantizer.QuantizeRows(weight, type, start, count, (byte*)buffer.Pointer);
            }
            catch (ArgumentException exception)
            {
                throw QuantizationScheme.NotFinite(weight, exception);
            }

            stream.Write(new ReadOnlySpan<byte>(buffer.Pointer, count * rowBytes));
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
