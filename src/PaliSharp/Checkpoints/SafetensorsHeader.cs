using System.Text.Json;
using System.Text.Unicode;

namespace PaliSharp.Checkpoints;

/// <summary>
/// Parses the header of a safetensors file: 8 bytes of length, then a JSON object of name → {dtype, shape, data_offsets}.
/// It reads tokens one by one from the mapped bytes, so memory grows with the number of tensors, not with what a hostile header nests.
/// </summary>
internal ref struct SafetensorsHeader
{
    /// <summary>The limit of the reference implementation.</summary>
    public const int MaximumLength = 100_000_000;

    private const int MaximumTensors = 1_000_000;
    private const int MaximumRank = 64;
    private const int MaximumNameLength = 4096;
    private readonly string _path;
    private readonly long _dataStart;
    private readonly long _dataLength;
    private Utf8JsonReader _reader;

    private SafetensorsHeader(string path, ReadOnlySpan<byte> json, long dataStart, long dataLength)
    {
        _path = path;
        _dataStart = dataStart;
        _dataLength = dataLength;
        _reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
    }

    /// <summary>Parses and checks the header of a mapped file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="metadata">Receives the free-form strings of the header.</param>
    /// <returns>The tensors by position in the file.</returns>
    /// <exception cref="CheckpointException">The header breaks a rule of the format.</exception>
    /// <exception cref="ResourceLimitException">The header describes more tensors than a model can have.</exception>
    public static List<SafetensorsEntry> Parse(MappedFile file, Dictionary<string, string> metadata)
    {
        if (file.Length < 8)
            throw Bad(file.Path, $"it has {file.Length} bytes, but the format begins with 8 bytes of header length. The download may be incomplete");
        ulong length = BitConverter.ToUInt64(file.Bytes(0, 8));
        if (length > MaximumLength)
            throw Bad(file.Path, $"it declares a header of {length} bytes; at most {MaximumLength} are allowed. It is probably not a safetensors file");
        if ((long)length > file.Length - 8)
            throw Bad(file.Path, $"it declares a header of {length} bytes, but has only {file.Length - 8} after the length. The download may be incomplete");
        ReadOnlySpan<byte> json = file.Bytes(8, (int)length);
        if (json.IsEmpty || json[0] != (byte)'{')
            throw Bad(file.Path, "its header does not begin with '{'");
        if (!Utf8.IsValid(json))
            throw Bad(file.Path, "its header is not valid UTF-8");

        var header = new SafetensorsHeader(file.Path, json, 8 + (long)length, file.Length - 8 - (long)length);
        try
        {
            return header.Read(metadata);
        }
        catch (JsonException e)
        {
            throw new CheckpointException($"'{file.Path}' is not a valid safetensors file: its header is not valid JSON ({e.Message})", e);
        }
        catch (InvalidOperationException e)
        {
            // Escapes of half surrogate pairs pass the JSON reader and fail when the string is taken.
            throw new CheckpointException($"'{file.Path}' is not a valid safetensors file: its header holds a string that is not valid Unicode.", e);
        }
    }

    private List<SafetensorsEntry> Read(Dictionary<string, string> metadata)
    {
        var entries = new List<SafetensorsEntry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        Next(JsonTokenType.StartObject, "an object");
        while (NextName() is { } name)
        {
            if (!names.Add(name))
                throw Bad($"its header names '{Shorten(name)}' twice");
            if (name == "__metadata__")
            {
                ReadMetadata(metadata);
                continue;
            }

            if (entries.Count == MaximumTensors)
                throw new ResourceLimitException($"'{_path}' describes more than {MaximumTensors} tensors, which no model of this family has.");
            entries.Add(ReadEntry(name));
        }

        if (_reader.Read())
            throw Bad("its header holds more than one JSON value");
        entries.Sort((a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.ByteLength.CompareTo(b.ByteLength));
        CheckCoverage(entries);
        return entries;
    }

    private void ReadMetadata(Dictionary<string, string> metadata)
    {
        Next(JsonTokenType.StartObject, "an object of strings as __metadata__");
        while (NextName() is { } key)
        {
            Next(JsonTokenType.String, $"a string as metadata '{Shorten(key)}'");
            if (!metadata.TryAdd(key, _reader.GetString()!))
                throw Bad($"its metadata names '{Shorten(key)}' twice");
        }
    }

    private SafetensorsEntry ReadEntry(string name)
    {
        if (name.Length > MaximumNameLength)
            throw Bad($"a tensor's name has {name.Length} characters; at most {MaximumNameLength} are allowed");
        SafetensorsType? type = null;
        List<long>? shape = null;
        List<long>? offsets = null;
        Next(JsonTokenType.StartObject, $"an object for the tensor '{Shorten(name)}'");
        while (NextName() is { } key)
        {
            switch (key)
            {
                case "dtype" when type is null:
                    Next(JsonTokenType.String, $"a string as dtype of '{Shorten(name)}'");
                    string typeName = _reader.GetString()!;
                    if (!SafetensorsType.TryParse(typeName, out type))
                        throw Bad($"the tensor '{Shorten(name)}' has the unknown dtype '{Shorten(typeName)}'; known are {string.Join(", ", SafetensorsType.Names)}");
                    break;
                case "shape" when shape is null:
                    shape = ReadNumbers(name, key, MaximumRank);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadNumbers(name, key, 2);
                    break;
                default:
                    throw Bad($"the tensor '{Shorten(name)}' has the unexpected or repeated key '{Shorten(key)}'; expected are dtype, shape and data_offsets, once each");
            }
        }

        if (type is null || shape is null || offsets is null || offsets.Count != 2)
            throw Bad($"the tensor '{Shorten(name)}' lacks dtype, shape or two data_offsets");
        return Check(name, type, shape, offsets[0], offsets[1]);
    }

    private readonly SafetensorsEntry Check(string name, SafetensorsType type, List<long> shape, long begin, long end)
    {
        if (begin > end || end > _dataLength)
            throw Bad($"the tensor '{Shorten(name)}' has data_offsets [{begin}, {end}], but the file holds bytes 0 to {_dataLength} of data");
        UInt128 bits = (UInt128)type.Bits;
        foreach (long extent in shape)
        {
            // A zero makes the product zero whatever follows, as in the reference; only a non-zero product can be too large.
            bits *= (UInt128)extent;
            if (bits > (UInt128)long.MaxValue)
                throw Bad($"the tensor '{Shorten(name)}' has the shape [{string.Join(", ", shape)}], whose size overflows");
        }

        if (bits % 8 != 0 || (UInt128)(end - begin) != bits / 8)
        {
            throw Bad($"the tensor '{Shorten(name)}' of dtype {type} and shape [{string.Join(", ", shape)}] needs {bits / 8} bytes, "
                + $"but its data_offsets [{begin}, {end}] hold {end - begin}");
        }

        return new SafetensorsEntry(name, type, shape, _dataStart + begin, end - begin);
    }

    // The format has no gaps, no overlaps and no trailing bytes: every byte of the file belongs to exactly one tensor.
    private readonly void CheckCoverage(List<SafetensorsEntry> entries)
    {
        long end = _dataStart;
        foreach (SafetensorsEntry entry in entries)
        {
            if (entry.Offset != end)
            {
                throw Bad(entry.Offset < end
                    ? $"the tensor '{Shorten(entry.Name)}' begins at byte {entry.Offset}, inside another tensor that ends at byte {end}"
                    : $"bytes {end} to {entry.Offset} before the tensor '{Shorten(entry.Name)}' belong to no tensor");
            }

            end += entry.ByteLength;
        }

        if (end != _dataStart + _dataLength)
            throw Bad($"its tensors end at byte {end}, but the file has {_dataStart + _dataLength} bytes");
    }

    private List<long> ReadNumbers(string tensor, string key, int maximum)
    {
        var numbers = new List<long>();
        Next(JsonTokenType.StartArray, $"an array as {key} of '{Shorten(tensor)}'");
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            if (_reader.TokenType != JsonTokenType.Number || !_reader.TryGetInt64(out long number) || number < 0)
                throw Bad($"{key} of the tensor '{Shorten(tensor)}' must hold whole numbers of at least 0");
            if (numbers.Count == maximum)
                throw Bad($"{key} of the tensor '{Shorten(tensor)}' has more than {maximum} numbers");
            numbers.Add(number);
        }

        return numbers;
    }

    private void Next(JsonTokenType expected, string description)
    {
        if (!_reader.Read() || _reader.TokenType != expected)
            throw Bad($"its header must hold {description}, found {_reader.TokenType}");
    }

    private string? NextName()
    {
        if (!_reader.Read())
            throw Bad("its header ends early");
        return _reader.TokenType == JsonTokenType.EndObject ? null : _reader.GetString();
    }

    private readonly CheckpointException Bad(string problem) => Bad(_path, problem);

    private static CheckpointException Bad(string path, string problem) =>
        new($"'{path}' is not a valid safetensors file: {problem}.");

    private static string Shorten(string text) => Problems.Shorten(text);
}
