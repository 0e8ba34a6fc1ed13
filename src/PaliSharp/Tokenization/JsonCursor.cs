using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace PaliSharp.Tokenization;

/// <summary>A forward reader of JSON from untrusted bytes whose errors name the file and the byte.</summary>
internal ref struct JsonCursor
{
    private readonly string _file;
    private readonly long _base;
    private Utf8JsonReader _reader;
    private byte[] _scratch = new byte[1024];

    /// <summary>Begins to read.</summary>
    /// <param name="json">The text, or its part from a value on.</param>
    /// <param name="file">The file's name for messages.</param>
    /// <param name="offset">Where the text begins in the file.</param>
    public JsonCursor(ReadOnlySpan<byte> json, string file, long offset)
    {
        _reader = new Utf8JsonReader(json);
        _file = file;
        _base = offset;
    }

    /// <summary>The type of the current token.</summary>
    public readonly JsonTokenType TokenType => _reader.TokenType;

    /// <summary>Where the current token begins in the file.</summary>
    public readonly long Offset => _base + _reader.TokenStartIndex;

    /// <summary>Whether the current token is the number zero.</summary>
    public readonly bool IsZero => _reader.TokenType == JsonTokenType.Number && _reader.TryGetDouble(out double value) && value == 0;

    /// <summary>Moves to the next token.</summary>
    /// <exception cref="CheckpointException">There is none.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Read()
    {
        if (!_reader.Read())
            throw TokenizerError.At(_file, _base + _reader.BytesConsumed, "the file ends in the middle");
    }

    /// <summary>Moves past the last token; more text is a <see cref="JsonException"/>.</summary>
    public void RequireEnd()
    {
        while (_reader.Read())
        {
        }
    }

    /// <summary>Moves to the end of the current array or object.</summary>
    public void Skip() => _reader.Skip();

    /// <summary>Moves over the next value.</summary>
    /// <exception cref="CheckpointException">There is none.</exception>
    public void SkipValue()
    {
        Read();
        Skip();
    }

    /// <summary>Moves to the next token, which must be of one type.</summary>
    /// <exception cref="CheckpointException">It is another one.</exception>
    public void Expect(JsonTokenType type, string what)
    {
        Read();
        if (TokenType != type)
            throw Error($"found a {TokenType}; expected {what}");
    }

    /// <summary>Moves to the next property of an object, or to its end.</summary>
    /// <exception cref="CheckpointException">The name is not valid Unicode.</exception>
    public bool NextProperty(out string name)
    {
        Read();
        if (TokenType == JsonTokenType.EndObject)
        {
            name = "";
            return false;
        }

        name = Encoding.UTF8.GetString(Text());
        return true;
    }

    /// <summary>Whether the array that is read goes on. Does not move.</summary>
    public readonly bool MoreItems()
    {
        Utf8JsonReader ahead = _reader;
        return ahead.Read() && ahead.TokenType != JsonTokenType.EndArray;
    }

    /// <summary>Notes that a property was seen.</summary>
    /// <exception cref="CheckpointException">It was seen before.</exception>
    public readonly void Once(ref bool seen, string property)
    {
        if (seen)
            throw Error($"'{property}' occurs twice");
        seen = true;
    }

    /// <summary>Reads a truth value; null is false.</summary>
    /// <exception cref="CheckpointException">It is none.</exception>
    public bool ReadBoolean(string name)
    {
        Read();
        return TokenType switch
        {
            JsonTokenType.True => true,
            JsonTokenType.False or JsonTokenType.Null => false,
            _ => throw Error($"'{name}' is a {TokenType}; expected true or false"),
        };
    }

    /// <summary>Reads a token id.</summary>
    /// <exception cref="CheckpointException">It is none.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int ReadInt32()
    {
        Read();
        return TokenType == JsonTokenType.Number && _reader.TryGetInt32(out int value)
            ? value
            : throw Error($"found '{Shown(_reader.ValueSpan)}'; expected a token id");
    }

    /// <summary>Reads a string or null.</summary>
    /// <exception cref="CheckpointException">It is neither.</exception>
    public string? ReadOptionalString()
    {
        Read();
        return TokenType switch
        {
            JsonTokenType.Null => null,
            JsonTokenType.String => Encoding.UTF8.GetString(Text()),
            _ => throw Error($"found a {TokenType}; expected a string"),
        };
    }

    /// <summary>The unescaped, valid UTF-8 of the current string or property name; good until the next call.</summary>
    /// <exception cref="CheckpointException">It is not valid Unicode.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public ReadOnlySpan<byte> Text()
    {
        ReadOnlySpan<byte> raw = _reader.ValueSpan;
        if (!_reader.ValueIsEscaped)
            return Utf8.IsValid(raw) ? raw : throw Error("a string is not valid UTF-8");
        if (raw.Length > _scratch.Length)
            _scratch = new byte[raw.Length];
        try
        {
            return _scratch.AsSpan(0, _reader.CopyString(_scratch));
        }
        catch (InvalidOperationException e)
        {
            throw TokenizerError.At(_file, Offset, "a string is not valid Unicode (a lone surrogate?)", e);
        }
    }

    /// <summary>An error at the current token.</summary>
    public readonly CheckpointException Error(string what) => TokenizerError.At(_file, Offset, what);

    /// <summary>The beginning of a text, for messages.</summary>
    public static string Shown(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text.Length > 80 ? text[..80] : text);
}
