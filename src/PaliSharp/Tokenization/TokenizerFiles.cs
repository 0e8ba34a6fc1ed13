using System.Text.Json;

namespace PaliSharp.Tokenization;

/// <summary>Finds and reads the files of a tokenizer, with limits.</summary>
internal static class TokenizerFiles
{
    /// <summary>The largest tokenizer file that is read; Gemma's are 4 to 34 MB.</summary>
    public const int MaximumBytes = 256 << 20;

    private const int MaximumConfigBytes = 16 << 20;

    private const string JsonName = "tokenizer.json";

    private static readonly string[] Candidates = [JsonName, "tokenizer.model", "paligemma_tokenizer.model"];

    /// <summary>The tokenizer file of a folder, or null.</summary>
    public static string? Find(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Candidates.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }

    /// <summary>Reads the tokenizer of a folder, or a file.</summary>
    /// <exception cref="CheckpointException">There is none, or it is malformed.</exception>
    public static TokenizerDefinition Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string? file = File.Exists(path) ? path : Find(path);
        if (file is null)
        {
            throw new CheckpointException(
                Directory.Exists(path)
                    ? $"'{path}' holds no tokenizer: none of {string.Join(", ", Candidates)} is there. Copy one from the original checkpoint, or give token ids."
                    : $"'{path}' is neither a folder nor a file. Give a checkpoint folder, a tokenizer.json or a SentencePiece model.");
        }

        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        byte[] content = ReadFile(file, MaximumBytes);
        return file.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
            ? HuggingFaceTokenizerReader.Read(content, file, ReadNames(Path.Combine(folder, "tokenizer_config.json")))
            : SentencePieceReader.Read(content, file, ReadAddedTokens(Path.Combine(folder, "added_tokens.json")));
    }

    /// <summary>Reads a stream to its end.</summary>
    /// <exception cref="CheckpointException">It is too long or cannot be read.</exception>
    public static ReadOnlyMemory<byte> ReadAll(Stream stream, string name)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var copy = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        try
        {
            int read;
            while ((read = stream.Read(buffer)) > 0)
            {
                if (copy.Length + read > MaximumBytes)
                    throw TooLarge(name, MaximumBytes);
                copy.Write(buffer, 0, read);
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw new CheckpointException($"'{name}' cannot be read: {e.Message}", e);
        }

        return copy.GetBuffer().AsMemory(0, (int)copy.Length);
    }

    private static byte[] ReadFile(string path, int limit)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            if (stream.Length > limit)
                throw TooLarge(path, limit);
            byte[] content = new byte[stream.Length];
            stream.ReadExactly(content);
            return content;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"'{path}' cannot be read: {e.Message}", e);
        }
    }

    private static CheckpointException TooLarge(string path, int limit) =>
        new($"'{path}' is larger than {limit} bytes, which no tokenizer of PaliGemma is. Check that it is the right file.");

    private static SpecialTokenNames ReadNames(string path)
    {
        var names = new SpecialTokenNames();
        if (!File.Exists(path))
            return names;
        using JsonDocument document = ReadObject(path);
        return new SpecialTokenNames(
            Name(document, path, "bos_token") ?? names.Bos,
            Name(document, path, "eos_token") ?? names.Eos,
            Name(document, path, "pad_token") ?? names.Pad,
            Name(document, path, "unk_token") ?? names.Unknown);
    }

    /// <summary>A token's name is a string, or an object that has it as its content.</summary>
    private static string? Name(JsonDocument document, string path, string property)
    {
        if (!document.RootElement.TryGetProperty(property, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            return null;
        if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("content", out JsonElement content))
            value = content;
        return Text(value) is { Length: > 0 } name
            ? name
            : throw new CheckpointException($"'{path}': '{property}' is a {value.ValueKind}; expected the token's text.");
    }

    private static List<AddedToken> ReadAddedTokens(string path)
    {
        var tokens = new List<AddedToken>();
        if (!File.Exists(path))
            return tokens;
        using JsonDocument document = ReadObject(path);
        foreach (JsonProperty property in document.RootElement.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.Number || !property.Value.TryGetInt32(out int id))
                throw new CheckpointException($"'{path}': a token has {property.Value.ValueKind} for its id; expected a number.");
            if (tokens.Count == PieceTable.MaximumCount)
                throw new CheckpointException($"'{path}' lists more than {PieceTable.MaximumCount} tokens.");
            string text = PropertyName(property, path);
            bool ordinary = text.StartsWith("<loc", StringComparison.Ordinal) || text.StartsWith("<seg", StringComparison.Ordinal);
            tokens.Add(new AddedToken(id, text, Special: !ordinary));
        }

        return tokens;
    }

    private static string PropertyName(JsonProperty property, string path)
    {
        try
        {
            return property.Name is { Length: > 0 } name ? name : throw new CheckpointException($"'{path}' lists a token without text.");
        }
        catch (InvalidOperationException e)
        {
            throw new CheckpointException($"'{path}' lists a token that is not valid Unicode.", e);
        }
    }

    private static string? Text(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null; // a lone surrogate: the caller reports it as no text
        }
    }

    private static JsonDocument ReadObject(string path)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(ReadFile(path, MaximumConfigBytes));
        }
        catch (JsonException e)
        {
            throw new CheckpointException($"'{path}' is not valid JSON: {e.Message} Fetch the file again.", e);
        }

        JsonValueKind kind = document.RootElement.ValueKind;
        if (kind == JsonValueKind.Object)
            return document;
        document.Dispose();
        throw new CheckpointException($"'{path}' holds a JSON {kind}; expected an object.");
    }
}
