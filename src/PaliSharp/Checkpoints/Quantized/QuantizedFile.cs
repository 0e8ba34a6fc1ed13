using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Quantization;

namespace PaliSharp.Checkpoints;

/// <summary>
/// A model's weights in 8 or 4 bits: a safetensors file, so that every inspector lists it. Quantised matrices are U8 tensors
/// <c>[groups, bytes of a group]</c> in the layout of <see cref="QuantizedLayout"/>, whose real type and extents stand in the header's metadata under the
/// tensor's name (<c>int8 9216x2304</c>); all others are ordinary tensors. The last tensor holds the SHA-256 of the header and of
/// every other tensor, in the order of the file; tensors of padding align the matrices to 64 bytes.
/// </summary>
/// <remarks>Opening checks the header against its digest and every size; the digests of tensors are checked by <see cref="Verify"/> only.</remarks>
public sealed class QuantizedFile : IDisposable
{
    internal const string FormatKey = "palisharp.format";
    internal const string FormatVersion = "2";
    internal const string WeightsKey = "palisharp.weights";
    internal const string SourceBytesKey = "palisharp.source_bytes";
    internal const string DigestsName = "palisharp.sha256";
    internal const string PaddingPrefix = "palisharp.padding.";
    private readonly SafetensorsFile _file;
    private readonly byte[] _digests;

    private QuantizedFile(SafetensorsFile file)
    {
        _file = file;
        if (!file.Metadata.TryGetValue(FormatKey, out string? version))
            throw Bad("it is a safetensors file, but not a quantised one of this program. Make one with: palisharp quantize MODEL");
        if (version != FormatVersion)
            throw Bad($"it has version '{Problems.Shorten(version)}' of the format; this program reads version {FormatVersion}. Run palisharp quantize again");
        Weights = file.Metadata.TryGetValue(WeightsKey, out string? scheme) && QuantizationScheme.Parse(scheme) is { } type
            ? type
            : throw Bad($"its metadata does not say '{WeightsKey}' as int8 or int4");
        _digests = ReadDigests();
        CheckDigest(0, "header", _file.OpenHeader(), default);
        foreach (SafetensorsEntry entry in file.Tensors)
        {
            if (!entry.Name.StartsWith(PaddingPrefix, StringComparison.Ordinal) && entry.Name != DigestsName)
                Tensors.Add(Describe(entry));
        }
    }

    /// <summary>The path as given.</summary>
    public string Path => _file.Path;

    /// <summary>The file's length in bytes.</summary>
    public long ByteLength => _file.ByteLength;

    /// <summary>The scheme: <see cref="WeightType.Int8"/> or <see cref="WeightType.Int4"/>.</summary>
    public WeightType Weights { get; }

    /// <summary>The length of the files it was made from, in bytes; null if it does not say.</summary>
    internal long? SourceBytes => _file.Metadata.TryGetValue(SourceBytesKey, out string? text)
        && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) ? bytes : null;

    /// <summary>The weights, with the extents they have for the model.</summary>
    internal List<FoundTensor> Tensors { get; } = [];

    /// <summary>Maps a file and checks its header.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CheckpointException">The file is missing, malformed, damaged in its header, or of another format or version.</exception>
    /// <exception cref="ResourceLimitException">The header describes more tensors than a model can have.</exception>
    public static QuantizedFile Open(string path)
    {
        SafetensorsFile file = SafetensorsFile.Open(path);
        try
        {
            return new QuantizedFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The name of the quantised file of a checkpoint.</summary>
    /// <param name="checkpoint">The folder or the <c>.npz</c> file.</param>
    /// <param name="weights"><see cref="WeightType.Int8"/> or <see cref="WeightType.Int4"/>.</param>
    public static string PathBeside(string checkpoint, WeightType weights)
    {
        ArgumentException.ThrowIfNullOrEmpty(checkpoint);
        string end = $".palisharp-{QuantizationScheme.NameOf(weights)}.safetensors";
        return Directory.Exists(checkpoint) ? System.IO.Path.Combine(checkpoint, $"model{end}") : System.IO.Path.ChangeExtension(checkpoint, null) + end;
    }

    /// <summary>Reads the whole file and compares every tensor with its digest.</summary>
    /// <param name="cancellationToken">Stops between pieces.</param>
    /// <exception cref="CheckpointException">A tensor is not what was written.</exception>
    public void Verify(CancellationToken cancellationToken = default)
    {
        for (int i = 0; i < _file.Tensors.Count - 1; i++)
        {
            string name = _file.Tensors[i].Name;
            CheckDigest(i + 1, $"tensor '{Problems.Shorten(name)}'", _file.OpenTensor(name), cancellationToken);
        }
    }

    /// <summary>Unmaps the file. Weights taken from it become invalid; using one afterwards ends the process.</summary>
    public void Dispose() => _file.Dispose();

    private byte[] ReadDigests()
    {
        if (_file.Tensors.Count == 0 || _file.Tensors[^1] is not { Name: DigestsName, Type.Name: "U8" } last
            || last.ByteLength != (long)_file.Tensors.Count * SHA256.HashSizeInBytes)
        {
            throw Bad($"its last tensor is not '{DigestsName}' with {SHA256.HashSizeInBytes} bytes for the header and each other tensor");
        }

        byte[] digests = new byte[last.ByteLength];
        using Stream stream = _file.OpenTensor(DigestsName);
        stream.ReadExactly(digests);
        return digests;
    }

    private void CheckDigest(int index, string what, Stream content, CancellationToken cancellationToken)
    {
        using (content)
        using (var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256))
        {
            byte[] buffer = new byte[1 << 20];
            for (int count = content.Read(buffer); count > 0; count = content.Read(buffer))
            {
                cancellationToken.ThrowIfCancellationRequested();
                hash.AppendData(buffer, 0, count);
            }

            if (!hash.GetHashAndReset().AsSpan().SequenceEqual(_digests.AsSpan(index * SHA256.HashSizeInBytes, SHA256.HashSizeInBytes)))
                throw Bad($"its {what} does not have the checksum it was written with. The file is damaged: run palisharp quantize again");
        }
    }

    private FoundTensor Describe(SafetensorsEntry entry)
    {
        if (!_file.Metadata.TryGetValue(entry.Name, out string? description))
        {
            return new FoundTensor(
                entry.Name, entry.Type.Name, entry.Type.WeightType is not null, entry.Shape, entry.ByteLength, name => _file.GetWeight(entry.Name, name));
        }

        if (!TryParse(description, out WeightType type, out TensorShape shape))
            throw Bad($"its metadata describes '{Problems.Shorten(entry.Name)}' as '{Problems.Shorten(description)}'; expected is a type and the extents, such as int8 9216x2304");
        (int groups, long groupBytes) = (QuantizedLayout.Groups(shape.Rows), QuantizedLayout.GroupBytes(type, shape.Columns));
        if (entry.Type.Name != "U8" || entry.Shape.Count != 2 || entry.Shape[0] != groups || entry.Shape[1] != groupBytes)
        {
            throw Bad($"the tensor '{Problems.Shorten(entry.Name)}' is {entry.Type} [{string.Join(", ", entry.Shape)}]; "
                + $"{description} takes U8 [{groups}, {groupBytes}]");
        }

        return new FoundTensor(
            entry.Name, QuantizationScheme.NameOf(type), true, [shape[0], shape[1]], entry.ByteLength, name => _file.GetBytes(entry.Name, name, type, shape));
    }

    /// <summary>How a matrix is described in the metadata.</summary>
    internal static string Describe(WeightType type, TensorShape shape) =>
        string.Create(CultureInfo.InvariantCulture, $"{QuantizationScheme.NameOf(type)} {shape[0]}x{shape[1]}");

    private static bool TryParse(string description, [NotNullWhen(true)] out WeightType type, out TensorShape shape)
    {
        (type, shape) = (default, default);
        string[] parts = description.Split(' ', 'x');
        if (parts.Length != 3 || QuantizationScheme.Parse(parts[0]) is not { } parsed
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int outputs)
            || !int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out int inputs))
        {
            return false;
        }

        (type, shape) = (parsed, new TensorShape(outputs, inputs));
        return true;
    }

    private CheckpointException Bad(string problem) => new($"'{_file.Path}' cannot be used: {problem}.");
}
