using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace PaliSharp.Tokenization;

/// <summary>
/// Reads <c>tokenizer.json</c>: byte-pair encoding with byte fallback, spaces written as U+2581, added tokens. Everything that would change
/// ids or text and is not supported is refused by name rather than ignored.
/// </summary>
internal sealed class HuggingFaceTokenizerReader
{
    internal const string Supported = "PaliSharp reads byte-pair encoding ('BPE') with spaces written as U+2581, as Gemma's tokenizers are";

    private readonly ReadOnlyMemory<byte> _json;
    private readonly string _file;
    private readonly SpecialTokenNames _names;
    private readonly PieceTable _pieces;
    private readonly MergeList _merges = new();
    private readonly List<AddedEntry> _added = [];
    private bool _byteFallback;
    private bool _fuseUnknown;
    private string? _unknownToken;

    private HuggingFaceTokenizerReader(ReadOnlyMemory<byte> json, string file, SpecialTokenNames names)
    {
        _json = json;
        _file = file;
        _names = names;
        _pieces = new PieceTable(file, json.Length / 64);
    }

    /// <summary>Reads a tokenizer.</summary>
    /// <param name="json">The whole file.</param>
    /// <param name="file">Its name for messages.</param>
    /// <param name="names">The names of the control tokens.</param>
    /// <exception cref="CheckpointException">The file is malformed or describes something unsupported.</exception>
    public static TokenizerDefinition Read(ReadOnlyMemory<byte> json, string file, SpecialTokenNames names)
    {
        if (json.Span.StartsWith("\uFEFF"u8))
            json = json[3..];
        try
        {
            return new HuggingFaceTokenizerReader(json, file, names).Read();
        }
        catch (JsonException e)
        {
            throw new CheckpointException(
                $"'{file}' is not valid JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine}: {e.Message} Fetch the file again.", e);
        }
    }

    private TokenizerDefinition Read()
    {
        var json = new JsonCursor(_json.Span, _file, 0);
        bool model = false;
        bool normalizer = false;
        bool addedTokens = false;
        json.Expect(JsonTokenType.StartObject, "an object");
        while (json.NextProperty(out string name))
        {
            switch (name)
            {
                case "added_tokens":
                    json.Once(ref addedTokens, name);
                    ReadAddedTokens(ref json);
                    break;
                case "normalizer":
                    json.Once(ref normalizer, name);
                    HuggingFacePipeline.CheckNormalizer(ref json);
                    break;
                case "pre_tokenizer":
                    HuggingFacePipeline.CheckPreTokenizer(ref json);
                    break;
                case "decoder":
                    HuggingFacePipeline.CheckDecoder(ref json);
                    break;
                case "model":
                    json.Once(ref model, name);
                    ReadModel(ref json);
                    break;
                default:
                    json.SkipValue(); // truncation, padding and post-processing are the caller's business here
                    break;
            }
        }

        json.RequireEnd();
        if (!model)
            throw Missing("model");
        if (!normalizer)
            throw Missing("normalizer");
        return Assemble();
    }

    private CheckpointException Missing(string property) =>
        new($"'{_file}' has no '{property}', so it is not a Hugging Face tokenizer file that PaliSharp can read; {Supported}.");

    private void ReadModel(ref JsonCursor json)
    {
        bool type = false;
        bool vocabulary = false;
        bool merges = false;
        long deferredMerges = -1;
        json.Expect(JsonTokenType.StartObject, "an object for 'model'");
        while (json.NextProperty(out string name))
        {
            switch (name)
            {
                case "type":
                    type = true;
                    string? found = json.ReadOptionalString();
                    if (found != "BPE")
                        throw json.Error($"the model type is '{found}'; {Supported}");
                    break;
                case "vocab":
                    json.Once(ref vocabulary, name);
                    ReadVocabulary(ref json);
                    break;
                case "merges":
                    json.Once(ref merges, name);
                    if (vocabulary)
                    {
                        ReadMerges(ref json);
                        break;
                    }

                    json.Read();
                    deferredMerges = json.Offset;
                    json.Skip();
                    break;
                case "byte_fallback":
                    _byteFallback = json.ReadBoolean(name);
                    break;
                case "fuse_unk":
                    _fuseUnknown = json.ReadBoolean(name);
                    break;
                case "ignore_merges":
                    if (json.ReadBoolean(name))
                        throw json.Error($"'ignore_merges' is true; {Supported}, without that option");
                    break;
                case "unk_token":
                    _unknownToken = json.ReadOptionalString();
                    break;
                case "continuing_subword_prefix" or "end_of_word_suffix":
                    if (json.ReadOptionalString() is { Length: > 0 } affix)
                        throw json.Error($"'{name}' is '{affix}'; {Supported}, without affixes");
                    break;
                case "dropout":
                    json.Read();
                    if (json.TokenType != JsonTokenType.Null && !json.IsZero)
                        throw json.Error("'dropout' is set; expected null, because encoding must be deterministic");
                    break;
                default:
                    json.SkipValue();
                    break;
            }
        }

        if (!type)
            throw new CheckpointException($"'{_file}' does not name its model type; {Supported}.");
        if (!vocabulary || !merges)
            throw new CheckpointException($"'{_file}' has a model without '{(vocabulary ? "merges" : "vocab")}'; {Supported}.");
        if (deferredMerges >= 0)
        {
            var again = new JsonCursor(_json.Span[(int)deferredMerges..], _file, deferredMerges);
            ReadMerges(ref again);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReadVocabulary(ref JsonCursor json)
    {
        json.Expect(JsonTokenType.StartObject, "an object for 'vocab'");
        while (true)
        {
            json.Read();
            if (json.TokenType == JsonTokenType.EndObject)
                return;
            long offset = json.Offset;
            ReadOnlySpan<byte> piece = json.Text();
            _pieces.Add(json.ReadInt32(), piece, offset);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReadMerges(ref JsonCursor json)
    {
        json.Expect(JsonTokenType.StartArray, "an array for 'merges'");
        byte[] pair = new byte[2 * PieceTable.MaximumPieceBytes];
        int previousLength = 0;
        int previousId = -1;
        byte[] previous = new byte[2 * PieceTable.MaximumPieceBytes];
        while (true)
        {
            json.Read();
            if (json.TokenType == JsonTokenType.EndArray)
                return;
            if (_merges.Count == MergeTable.MaximumCount)
                throw json.Error($"there are more than {MergeTable.MaximumCount} merges");
            int leftLength;
            int length;
            if (json.TokenType == JsonTokenType.String)
            {
                ReadOnlySpan<byte> both = json.Text();
                leftLength = both.IndexOf((byte)' ');
                if (leftLength < 0 || both[(leftLength + 1)..].Contains((byte)' ') || both.Length > pair.Length)
                    throw json.Error($"merge {_merges.Count} is '{JsonCursor.Shown(both)}'; expected two tokens with one space between them");
                both[..leftLength].CopyTo(pair);
                both[(leftLength + 1)..].CopyTo(pair.AsSpan(leftLength));
                length = both.Length - 1;
            }
            else if (json.TokenType == JsonTokenType.StartArray)
            {
                leftLength = ReadMergePart(ref json, pair);
                length = leftLength + ReadMergePart(ref json, pair.AsSpan(leftLength));
                json.Read();
                if (json.TokenType != JsonTokenType.EndArray)
                    throw json.Error($"merge {_merges.Count} has more than two tokens");
            }
            else
            {
                throw json.Error($"merge {_merges.Count} is a {json.TokenType}; expected a string or an array of two strings");
            }

            ReadOnlySpan<byte> merged = pair.AsSpan(0, length);
            int left = IdOfMergePart(ref json, merged[..leftLength]);
            int right = IdOfMergePart(ref json, merged[leftLength..]);

            // Merges of one result usually follow one another.
            if (!merged.SequenceEqual(previous.AsSpan(0, previousLength)))
            {
                previousId = IdOfMergePart(ref json, merged);
                merged.CopyTo(previous);
                previousLength = length;
            }

            _merges.Add(left, right, previousId, (uint)_merges.Count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int ReadMergePart(ref JsonCursor json, Span<byte> destination)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.String)
            throw json.Error($"merge {_merges.Count} holds a {json.TokenType}; expected two strings");
        ReadOnlySpan<byte> part = json.Text();
        if (part.Length > PieceTable.MaximumPieceBytes)
            throw json.Error($"merge {_merges.Count} names a token of {part.Length} bytes; at most {PieceTable.MaximumPieceBytes} are accepted");
        part.CopyTo(destination);
        return part.Length;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int IdOfMergePart(ref JsonCursor json, ReadOnlySpan<byte> piece) =>
        _pieces.TryGetId(piece, out int id)
            ? id
            : throw json.Error($"merge {_merges.Count} needs the token '{JsonCursor.Shown(piece)}', which the vocabulary does not list");

    private void ReadAddedTokens(ref JsonCursor json)
    {
        json.Expect(JsonTokenType.StartArray, "an array for 'added_tokens'");
        while (true)
        {
            json.Read();
            if (json.TokenType == JsonTokenType.EndArray)
                return;
            if (json.TokenType != JsonTokenType.StartObject)
                throw json.Error($"added token {_added.Count} is a {json.TokenType}; expected an object");
            if (_added.Count == PieceTable.MaximumCount)
                throw json.Error($"there are more than {PieceTable.MaximumCount} added tokens");
            long offset = json.Offset;
            int? id = null;
            string? content = null;
            bool special = false;
            bool normalized = false;
            while (json.NextProperty(out string name))
            {
                switch (name)
                {
                    case "id":
                        id = json.ReadInt32();
                        break;
                    case "content":
                        content = json.ReadOptionalString();
                        break;
                    case "special":
                        special = json.ReadBoolean(name);
                        break;
                    case "normalized":
                        normalized = json.ReadBoolean(name);
                        break;
                    case "single_word" or "lstrip" or "rstrip":
                        if (json.ReadBoolean(name))
                            throw json.Error($"added token {_added.Count} ('{content}') has '{name}' set; PaliSharp supports only false");
                        break;
                    default:
                        json.SkipValue();
                        break;
                }
            }

            if (id is null || string.IsNullOrEmpty(content))
                throw TokenizerError.At(_file, offset, $"added token {_added.Count} has no '{(id is null ? "id" : "content")}'");
            _added.Add(new AddedEntry(id.Value, content, special, normalized, offset));
        }
    }

    private TokenizerDefinition Assemble()
    {
        int modelCount = _pieces.Count;
        foreach (AddedEntry entry in _added)
        {
            if (!TryGetId(entry.Text, entry.Offset, out int id))
                _pieces.Add(entry.Id, Encoding.UTF8.GetBytes(entry.Text), entry.Offset);
            else if (id != entry.Id)
                throw TokenizerError.At(_file, entry.Offset, $"the added token '{entry.Text}' has the id {entry.Id}, but the vocabulary gives it {id}");
        }

        _pieces.RequireDense();
        var kinds = new TokenKind[_pieces.Count];
        int[] byteIds = new int[256];
        Array.Fill(byteIds, -1);
        if (_byteFallback)
        {
            for (int id = 0; id < modelCount; id++)
            {
                if (!BytePiece.TryParse(_pieces.Bytes(id), out byte value))
                    continue;
                kinds[id] = TokenKind.Byte;
                if (_pieces.Bytes(id).SequenceEqual(BytePiece.Name(value)))
                    byteIds[value] = id;
            }
        }

        foreach (AddedEntry entry in _added)
        {
            if (entry.Special)
                kinds[entry.Id] = TokenKind.Special;
        }

        int unknown = Role(_unknownToken ?? _names.Unknown, "unknown");
        var symbols = new SymbolTable(_pieces.Count);
        for (int id = 0; id < modelCount; id++)
        {
            ReadOnlySpan<byte> piece = _pieces.Bytes(id);
            if (piece.Length <= 4 && kinds[id] != TokenKind.Special
                && Rune.DecodeFromUtf8(piece, out Rune character, out int consumed) == OperationStatus.Done && consumed == piece.Length)
            {
                symbols.Set(character, id);
            }
        }

        return new TokenizerDefinition
        {
            File = _file,
            Pieces = _pieces,
            Kinds = kinds,
            Merges = _merges.ToTable(kinds),
            Symbols = symbols,
            ByteIds = byteIds,
            FuseUnknown = _fuseUnknown,
            RawTokens = Matcher(normalized: false),
            NormalizedTokens = Matcher(normalized: true),
            BosId = Role(_names.Bos, "beginning-of-text"),
            EosId = Role(_names.Eos, "end-of-text"),
            PadId = Role(_names.Pad, "padding"),
            UnknownId = unknown,
        };
    }

    private AddedTokenMatcher Matcher(bool normalized)
    {
        // Two entries of one text are one token: they must name the same id.
        var distinct = new Dictionary<string, AddedToken>(StringComparer.Ordinal);
        foreach (AddedEntry entry in _added)
        {
            if (entry.Normalized != normalized)
                continue;
            string text = normalized ? entry.Text.Replace(' ', Tokenizer.SpaceMarker) : entry.Text;
            if (!distinct.TryAdd(text, new AddedToken(entry.Id, text, entry.Special)))
                throw TokenizerError.At(_file, entry.Offset, $"the added token '{entry.Text}' is listed twice");
        }

        return new AddedTokenMatcher(distinct.Values, spaceIsMarker: normalized);
    }

    private bool TryGetId(string text, long offset, out int id)
    {
        if (Encoding.UTF8.GetByteCount(text) > PieceTable.MaximumPieceBytes)
            throw TokenizerError.At(_file, offset, $"an added token is {text.Length} characters long; at most {PieceTable.MaximumPieceBytes} bytes are accepted");
        return _pieces.TryGetId(text, out id);
    }

    private int Role(string name, string role) =>
        _pieces.TryGetId(name, out int id)
            ? id
            : throw new CheckpointException(
                $"'{_file}' lists no '{name}', the {role} token. Expected a PaliGemma tokenizer; name the token in tokenizer_config.json if it is called otherwise.");

    private readonly record struct AddedEntry(int Id, string Text, bool Special, bool Normalized, long Offset);
}
