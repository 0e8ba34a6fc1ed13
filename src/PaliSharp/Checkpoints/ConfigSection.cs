using System.Globalization;
using System.Text;
using System.Text.Json;

namespace PaliSharp.Checkpoints;

/// <summary>
/// An object of a JSON configuration file whose values are read with a default and an allowed range; whatever does not fit is reported
/// with the file, the key, the value and what is allowed.
/// </summary>
internal readonly struct ConfigSection
{
    // The largest published index has 150 kB. Parsed, a hostile file takes about sixteen times its length.
    private const int MaximumFileLength = 8 << 20;
    private readonly JsonElement _element;
    private readonly string _prefix;

    private ConfigSection(JsonElement element, string file, string prefix)
    {
        _element = element;
        File = file;
        _prefix = prefix;
    }

    /// <summary>The file's path.</summary>
    public string File { get; }

    /// <summary>The names of the keys.</summary>
    public IEnumerable<string> Keys => _element.EnumerateObject().Select(property => property.Name);

    /// <summary>Reads a file that holds one JSON object.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CheckpointException">The file is missing, too long, or not a JSON object.</exception>
    public static ConfigSection Load(string path)
    {
        byte[] bytes = ReadFile(path);
        ReadOnlyMemory<byte> json = bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes.AsMemory(3) : bytes;
        try
        {
            var options = new JsonDocumentOptions { MaxDepth = 32, AllowDuplicateProperties = false };
            using JsonDocument document = JsonDocument.Parse(json, options);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new CheckpointException($"'{path}' holds a JSON {document.RootElement.ValueKind}, but an object was expected.");
            JsonElement root = document.RootElement.Clone();
            CheckText(root);
            return new ConfigSection(root, path, "");
        }
        catch (JsonException e)
        {
            throw new CheckpointException(
                $"'{path}' is not valid JSON: {e.Message}{Excerpt(json.Span, e)} Numbers must be finite: NaN and Infinity are not JSON.", e);
        }
        catch (InvalidOperationException e)
        {
            throw new CheckpointException($"'{path}' holds a string that is not valid Unicode.", e);
        }
    }

    /// <summary>Reads a file, or gives null where it does not exist.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CheckpointException">The file is too long, or not a JSON object.</exception>
    public static ConfigSection? LoadIfPresent(string path) => System.IO.File.Exists(path) ? Load(path) : null;

    /// <summary>Whether a key is there and not null.</summary>
    /// <param name="key">The key.</param>
    public bool Has(string key) => _element.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>Whether a key is there with the value null.</summary>
    /// <param name="key">The key.</param>
    public bool IsNull(string key) => _element.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Null;

    /// <summary>A whole number, or a default where the key is absent or null.</summary>
    /// <param name="key">The key.</param>
    /// <param name="fallback">The default.</param>
    /// <param name="minimum">The smallest allowed value.</param>
    /// <param name="maximum">The largest allowed value.</param>
    public int Integer(string key, int fallback, int minimum, int maximum) =>
        Has(key) ? Integer(key, _element.GetProperty(key), minimum, maximum) : fallback;

    /// <summary>A whole number, or null where the key is absent or null.</summary>
    /// <param name="key">The key.</param>
    /// <param name="minimum">The smallest allowed value.</param>
    /// <param name="maximum">The largest allowed value.</param>
    public int? OptionalInteger(string key, int minimum, int maximum) =>
        Has(key) ? Integer(key, _element.GetProperty(key), minimum, maximum) : null;

    /// <summary>A number, or a default where the key is absent or null.</summary>
    /// <param name="key">The key.</param>
    /// <param name="fallback">The default.</param>
    /// <param name="minimum">The smallest allowed value.</param>
    /// <param name="maximum">The largest allowed value.</param>
    public float Number(string key, float fallback, float minimum, float maximum) =>
        Has(key) ? (float)Double(key, _element.GetProperty(key), minimum, maximum) : fallback;

    /// <summary>A number in full precision, or a default where the key is absent or null.</summary>
    /// <param name="key">The key.</param>
    /// <param name="fallback">The default.</param>
    /// <param name="minimum">The least value that is allowed.</param>
    /// <param name="maximum">The greatest value that is allowed.</param>
    public double Double(string key, double fallback, double minimum, double maximum) =>
        Has(key) ? Double(key, _element.GetProperty(key), minimum, maximum) : fallback;

    /// <summary>A truth value, or a default where the key is absent or null.</summary>
    /// <param name="key">The key.</param>
    /// <param name="fallback">The default.</param>
    public bool Flag(string key, bool fallback)
    {
        if (!Has(key))
            return fallback;
        return _element.GetProperty(key).ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw Bad(key, "true or false"),
        };
    }

    /// <summary>A string, or null where the key is absent or null.</summary>
    /// <param name="key">The key.</param>
    public string? Text(string key)
    {
        if (!Has(key))
            return null;
        JsonElement value = _element.GetProperty(key);
        return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Bad(key, "a string");
    }

    /// <summary>An object, or null where the key is absent or null.</summary>
    /// <param name="key">The key.</param>
    public ConfigSection? Section(string key)
    {
        if (!Has(key))
            return null;
        JsonElement value = _element.GetProperty(key);
        return value.ValueKind == JsonValueKind.Object ? new ConfigSection(value, File, $"{_prefix}{key}.") : throw Bad(key, "an object");
    }

    /// <summary>A whole number or a list of them; null where the key is absent or null.</summary>
    /// <param name="key">The key.</param>
    /// <param name="minimum">The smallest allowed value.</param>
    /// <param name="maximum">The largest allowed value.</param>
    /// <param name="maximumCount">The longest allowed list.</param>
    public IReadOnlyList<int>? Integers(string key, int minimum, int maximum, int maximumCount)
    {
        if (!Has(key))
            return null;
        ConfigSection self = this;
        return [.. Items(key, maximumCount).Select(item => self.Integer(key, item, minimum, maximum))];
    }

    /// <summary>A list of numbers; null where the key is absent or null.</summary>
    /// <param name="key">The key.</param>
    /// <param name="minimum">The smallest allowed value.</param>
    /// <param name="maximum">The largest allowed value.</param>
    /// <param name="maximumCount">The longest allowed list.</param>
    public IReadOnlyList<float>? Numbers(string key, float minimum, float maximum, int maximumCount)
    {
        if (!Has(key))
            return null;
        ConfigSection self = this;
        return [.. Items(key, maximumCount).Select(item => (float)self.Double(key, item, minimum, maximum))];
    }

    /// <summary>A list of strings, or one string alone as a list of one; null where the key is absent or null.</summary>
    /// <param name="key">The key.</param>
    /// <param name="maximumCount">The longest allowed list.</param>
    public IReadOnlyList<string>? Texts(string key, int maximumCount)
    {
        if (!Has(key))
            return null;
        ConfigSection self = this;
        return [.. Items(key, maximumCount).Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : throw self.Bad(key, "strings"))];
    }

    /// <summary>Whether a value is a list.</summary>
    /// <param name="key">The key.</param>
    public bool IsList(string key) => _element.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Array;

    /// <summary>Whether a value is a string.</summary>
    /// <param name="key">The key.</param>
    public bool IsText(string key) => _element.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String;

    /// <summary>Whether a value is an object.</summary>
    /// <param name="key">The key.</param>
    public bool IsObject(string key) => _element.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Object;

    /// <summary>Whether a value is absent, null, false, zero, or an empty string, list or object: what says "not used".</summary>
    /// <param name="key">The key.</param>
    public bool IsUnset(string key) => !_element.TryGetProperty(key, out JsonElement value) || value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False or JsonValueKind.Undefined => true,
        JsonValueKind.String => value.GetString()!.Length == 0,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        JsonValueKind.Number => value.TryGetDouble(out double number) && number == 0,
        _ => false,
    };

    /// <summary>Words what is wrong with a value.</summary>
    /// <param name="key">The key.</param>
    /// <param name="expected">What is allowed.</param>
    public CheckpointException Bad(string key, string expected)
    {
        string found = _element.TryGetProperty(key, out JsonElement value) ? Problems.Shorten(value.GetRawText()) : "nothing";
        return new CheckpointException($"'{File}': '{_prefix}{Problems.Shorten(key)}' is {found}; expected {expected}.");
    }

    /// <summary>Reads a whole configuration file into memory.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CheckpointException">The file is missing, unreadable or too long.</exception>
    private static byte[] ReadFile(string path)
    {
        using MappedFile file = MappedFile.Open(path);
        if (file.Length > MaximumFileLength)
            throw new CheckpointException($"'{path}' has {file.Length} bytes; a configuration file of at most {MaximumFileLength} was expected.");
        return file.Length == 0 ? [] : file.Bytes(0, (int)file.Length).ToArray();
    }

    private static void CheckText(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray())
                    CheckText(item);
                break;
            case JsonValueKind.Object:
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    _ = property.Name;
                    CheckText(property.Value);
                }

                break;
        }
    }

    // The line says which key is wrong where the parser only knows a position, as for a bare NaN.
    private static string Excerpt(ReadOnlySpan<byte> json, JsonException e)
    {
        if (e.LineNumber is not { } line)
            return "";
        for (long i = 0; i < line; i++)
        {
            int newline = json.IndexOf((byte)'\n');
            if (newline < 0)
                return "";
            json = json[(newline + 1)..];
        }

        int end = json.IndexOf((byte)'\n');
        ReadOnlySpan<byte> text = end < 0 ? json : json[..end];
        int start = (int)Math.Clamp((e.BytePositionInLine ?? 0) - 80, 0, text.Length);
        return $" Near: {Problems.Shorten(Encoding.UTF8.GetString(text.Slice(start, Math.Min(120, text.Length - start))).Trim())}.";
    }

    private List<JsonElement> Items(string key, int maximumCount)
    {
        JsonElement value = _element.GetProperty(key);
        if (value.ValueKind != JsonValueKind.Array)
            return [value];
        return value.GetArrayLength() <= maximumCount ? [.. value.EnumerateArray()] : throw Bad(key, $"a list of at most {maximumCount} items");
    }

    private int Integer(string key, JsonElement value, int minimum, int maximum)
    {
        // Whole numbers written as 8.0 occur and mean the same to every reader of these files.
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number)
            && number >= minimum && number <= maximum && number == Math.Floor(number))
        {
            return (int)number;
        }

        throw Bad(key, string.Create(CultureInfo.InvariantCulture, $"a whole number from {minimum} to {maximum}"));
    }

    private double Double(string key, JsonElement value, double minimum, double maximum)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number >= minimum && number <= maximum)
            return number;
        throw Bad(key, string.Create(CultureInfo.InvariantCulture, $"a number from {(float)minimum} to {(float)maximum}"));
    }
}
