using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace PaliSharp.Training.Data;

/// <summary>Where the objects of one array lie in a JSON file, and the whole number that each is known by.</summary>
internal sealed class JsonArrayEntries
{
    private readonly List<long> _keys = [];
    private readonly List<long> _starts = [];
    private readonly List<int> _lengths = [];

    /// <summary>The number of objects.</summary>
    public int Count => _keys.Count;

    /// <summary>The entries that have no such number.</summary>
    public int WithoutKey { get; private set; }

    /// <summary>The number of an object.</summary>
    public long Key(int index) => _keys[index];

    /// <summary>Where an object lies.</summary>
    public (long Start, int Length) Place(int index) => (_starts[index], _lengths[index]);

    internal void Add(long? key, long start, long length)
    {
        if (key is not { } known)
        {
            WithoutKey++;
            return;
        }

        if (_keys.Count == ExampleSet.MaximumItems || length > RecordIndex.MaximumRecordBytes)
            throw new RecipeException($"An array has more than {ExampleSet.MaximumItems} objects, or one of {length} bytes; at most "
                + $"{RecordIndex.MaximumRecordBytes} bytes are read.");
        _keys.Add(known);
        _starts.Add(start);
        _lengths.Add((int)length);
    }
}

/// <summary>
/// Finds the objects of some arrays at the top of a JSON file of any size, by reading it once in pieces. Each object is read alone afterwards, by any
/// thread.
/// </summary>
internal sealed class JsonArrayIndex
{
    private const int FirstBufferBytes = 1 << 20;
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 64, AllowDuplicateProperties = false };
    private readonly SafeFileHandle _file;
    private readonly Dictionary<string, (string Key, JsonArrayEntries Entries)> _arrays;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="arrays">The names of the arrays, each with the name of its objects' number.</param>
    /// <exception cref="RecipeException">It cannot be read, or is no JSON object.</exception>
    public JsonArrayIndex(string path, params (string Name, string Key)[] arrays)
    {
        Path = path;
        _arrays = arrays.ToDictionary(array => array.Name, array => (array.Key, new JsonArrayEntries()), StringComparer.Ordinal);
        try
        {
            _file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);
            Length = RandomAccess.GetLength(_file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new RecipeException($"The data '{path}' cannot be read: {e.Message} Name a readable file.", e);
        }

        try
        {
            Scan();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new RecipeException($"'{path}' is no JSON of the expected form: {e.Message}", e);
        }
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Its length in bytes.</summary>
    public long Length { get; }

    /// <summary>The objects of an array; none if the file does not have it.</summary>
    public JsonArrayEntries this[string name] => _arrays[name].Entries;

    /// <summary>Reads an object.</summary>
    /// <param name="name">The array.</param>
    /// <param name="index">Its place in the index.</param>
    /// <param name="read">Takes what is needed from it; what it returns must not refer to the element.</param>
    /// <exception cref="BadItemException">It is not of the expected form, or the file has changed.</exception>
    public T Read<T>(string name, int index, Func<JsonElement, T> read)
    {
        JsonArrayEntries entries = this[name];
        (long start, int length) = entries.Place(index);
        string origin = $"{System.IO.Path.GetFileName(Path)} {name} {entries.Key(index)}";
        byte[] bytes = new byte[length];
        if (!RandomAccessReading.TryFill(_file, bytes, start))
            throw new BadItemException(BadItemKind.Malformed, $"{origin} cannot be read: the file has become shorter or fails.");
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes, Strict);
            return read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new BadItemException(BadItemKind.Malformed, $"{origin} is not of the expected form: {e.Message}", e);
        }
    }

    private void Scan()
    {
        byte[] buffer = new byte[FirstBufferBytes];
        int filled = 0;
        long position = 0;
        var state = new JsonReaderState(new JsonReaderOptions { MaxDepth = 64 });
        var walk = new Walk(_arrays);
        while (true)
        {
            int read = RandomAccessReading.Read(_file, buffer.AsSpan(filled), position + filled, Path);
            int skip = position == 0 && filled == 0 && buffer.AsSpan(0, read).StartsWith("\uFEFF"u8) ? 3 : 0;
            filled += read;
            bool isLast = position + filled >= Length || read == 0;
            var reader = new Utf8JsonReader(buffer.AsSpan(skip, filled - skip), isLast, state);
            while (reader.Read())
                walk.Take(ref reader, position + skip);
            state = reader.CurrentState;
            int consumed = skip + (int)reader.BytesConsumed;
            position += consumed;
            filled -= consumed;
            buffer.AsSpan(consumed, filled).CopyTo(buffer);
            if (isLast)
                return;
            if (filled == buffer.Length)
                Array.Resize(ref buffer, Grown(buffer.Length));
        }
    }

    private int Grown(int length) => length < RecordIndex.MaximumRecordBytes
        ? 2 * length
        : throw new RecipeException($"'{Path}' holds a text of more than {RecordIndex.MaximumRecordBytes} bytes, which no annotation needs.");

    /// <summary>Follows the tokens: the file's object, its arrays, their objects, and the number in each.</summary>
    private sealed class Walk(Dictionary<string, (string Key, JsonArrayEntries Entries)> arrays)
    {
        private const int RootDepth = 0;
        private const int ArrayDepth = 1;
        private const int ObjectDepth = 2;
        private const int PropertyDepth = 3;
        private (string Key, JsonArrayEntries Entries)? _array;
        private bool _isInArray;
        private bool _isKey;
        private long? _key;
        private long _start;

        public void Take(ref Utf8JsonReader reader, long offset)
        {
            JsonTokenType token = reader.TokenType;
            switch (reader.CurrentDepth)
            {
                case RootDepth when token is not (JsonTokenType.StartObject or JsonTokenType.EndObject):
                    throw new JsonException($"it holds {token} instead of an object");
                case ArrayDepth when token == JsonTokenType.PropertyName:
                    _array = reader.GetString() is { } name && arrays.TryGetValue(name, out (string, JsonArrayEntries) found) ? found : null;
                    break;
                case ArrayDepth:
                    _isInArray = token == JsonTokenType.StartArray && _array is not null;
                    break;
                case ObjectDepth when _isInArray && token == JsonTokenType.StartObject:
                    (_start, _key, _isKey) = (offset + reader.TokenStartIndex, null, false);
                    break;
                case ObjectDepth when _isInArray && token == JsonTokenType.EndObject:
                    _array!.Value.Entries.Add(_key, _start, offset + reader.TokenStartIndex + 1 - _start);
                    break;
                case PropertyDepth when _isInArray && token == JsonTokenType.PropertyName:
                    _isKey = reader.ValueTextEquals(_array!.Value.Key);
                    break;
                case PropertyDepth when _isInArray && _isKey:
                    _key = token == JsonTokenType.Number && reader.TryGetInt64(out long number) ? number : null;
                    _isKey = false;
                    break;
            }
        }
    }
}
