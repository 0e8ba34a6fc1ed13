using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;

namespace PaliSharp.Tokenization;

/// <summary>
/// Reads a SentencePiece model (<c>tokenizer.model</c>): byte-pair encoding with scores, identity normalisation, no dummy prefix.
/// Field numbers are those of the project's public <c>sentencepiece_model.proto</c>.
/// </summary>
internal sealed class SentencePieceReader
{
    private const int Normal = 1;
    private const int Unknown = 2;
    private const int Control = 3;
    private const int UserDefined = 4;
    private const int Unused = 5;
    private const int Byte = 6;

    private const int ModelUnigram = 1;
    private const int ModelBytePair = 2;

    private readonly string _file;
    private readonly PieceTable _pieces;
    private readonly List<byte> _types = new(1 << 10);
    private readonly List<float> _scores = new(1 << 10);

    // The defaults of the format, where a model does not state them.
    private int _modelType = ModelUnigram;
    private bool _byteFallback;
    private bool _whitespaceAsSuffix;
    private bool _dummyPrefix = true;
    private bool _removeExtraWhitespace = true;
    private bool _escapeWhitespace = true;
    private bool _rewritesCharacters;
    private string _bos = "<s>";
    private string _eos = "</s>";
    private string _pad = "<pad>";
    private string _unknownSurface = " \u2047 ";

    private SentencePieceReader(string file, int length)
    {
        _file = file;
        _pieces = new PieceTable(file, length / 16);
    }

    /// <summary>Reads a tokenizer.</summary>
    /// <param name="model">The whole file.</param>
    /// <param name="file">Its name for messages.</param>
    /// <param name="extraTokens">Tokens added behind the model's by a file beside it; those that the model has are passed over.</param>
    /// <exception cref="CheckpointException">The file is malformed or describes something unsupported.</exception>
    public static TokenizerDefinition Read(ReadOnlySpan<byte> model, string file, IReadOnlyList<AddedToken> extraTokens)
    {
        var reader = new SentencePieceReader(file, model.Length);
        reader.ReadModel(new ProtobufReader(model, file, 0));
        reader.RequireSupported();
        return reader.Assemble(extraTokens);
    }

    private void ReadModel(ProtobufReader reader)
    {
        while (reader.TryReadField(out int field))
        {
            switch (field)
            {
                case 1:
                    ReadPiece(reader.ReadMessage());
                    break;
                case 2:
                    ReadTrainer(reader.ReadMessage());
                    break;
                case 3:
                    ReadNormalizer(reader.ReadMessage());
                    break;
                case 5:
                    ReadDenormalizer(reader.ReadMessage());
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReadPiece(ProtobufReader reader)
    {
        long start = reader.Offset;
        ReadOnlySpan<byte> piece = [];
        float score = 0;
        int type = Normal;
        while (reader.TryReadField(out int field))
        {
            switch (field)
            {
                case 1:
                    piece = reader.ReadBytes();
                    break;
                case 2:
                    score = reader.ReadFloat();
                    break;
                case 3:
                    type = reader.ReadInt32();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        int id = _types.Count;
        if (!Utf8.IsValid(piece))
            throw TokenizerError.At(_file, start, $"piece {id} is not valid UTF-8");
        if (float.IsNaN(score))
            throw TokenizerError.At(_file, start, $"the score of piece {id} is not a number");
        if (type is < Normal or > Byte or Unused)
            throw TokenizerError.At(_file, start, $"piece {id} has the type {type}; supported are normal, unknown, control, user-defined and byte (1, 2, 3, 4, 6)");
        _pieces.Add(id, piece, start);
        _types.Add((byte)type);
        _scores.Add(score);
    }

    private void ReadTrainer(ProtobufReader reader)
    {
        while (reader.TryReadField(out int field))
        {
            switch (field)
            {
                case 3:
                    _modelType = reader.ReadInt32();
                    break;
                case 24:
                    _whitespaceAsSuffix = reader.ReadInt32() != 0;
                    break;
                case 35:
                    _byteFallback = reader.ReadInt32() != 0;
                    break;
                case 44:
                    _unknownSurface = ReadText(ref reader);
                    break;
                case 46:
                    _bos = ReadText(ref reader);
                    break;
                case 47:
                    _eos = ReadText(ref reader);
                    break;
                case 48:
                    _pad = ReadText(ref reader);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    private void ReadNormalizer(ProtobufReader reader)
    {
        while (reader.TryReadField(out int field))
        {
            switch (field)
            {
                case 2:
                    _rewritesCharacters |= !reader.ReadBytes().IsEmpty;
                    break;
                case 3:
                    _dummyPrefix = reader.ReadInt32() != 0;
                    break;
                case 4:
                    _removeExtraWhitespace = reader.ReadInt32() != 0;
                    break;
                case 5:
                    _escapeWhitespace = reader.ReadInt32() != 0;
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    private void ReadDenormalizer(ProtobufReader reader)
    {
        while (reader.TryReadField(out int field))
        {
            if (field == 2)
                _rewritesCharacters |= !reader.ReadBytes().IsEmpty;
            else
                reader.Skip();
        }
    }

    private string ReadText(ref ProtobufReader reader)
    {
        long start = reader.Offset;
        ReadOnlySpan<byte> text = reader.ReadBytes();
        if (text.Length > PieceTable.MaximumPieceBytes || !Utf8.IsValid(text))
            throw TokenizerError.At(_file, start, $"a name of {text.Length} bytes is too long or not valid UTF-8");
        return Encoding.UTF8.GetString(text);
    }

    private void RequireSupported()
    {
        if (_types.Count == 0)
            throw new CheckpointException($"'{_file}' holds no pieces, so it is not a SentencePiece model. Fetch the file again.");
        string? problem = 0 switch
        {
            _ when _modelType != ModelBytePair =>
                $"the model type {_modelType} ({(_modelType == ModelUnigram ? "unigram" : "not byte-pair encoding")}); expected byte-pair encoding (2)",
            _ when _dummyPrefix => "a dummy prefix space; expected 'add_dummy_prefix' false",
            _ when _removeExtraWhitespace => "the removal of extra white space; expected 'remove_extra_whitespaces' false",
            _ when !_escapeWhitespace => "white space that is not escaped; expected 'escape_whitespaces' true",
            _ when _whitespaceAsSuffix => "white space as a suffix; expected 'treat_whitespace_as_suffix' false",
            _ when _rewritesCharacters => "a table that rewrites characters; expected the identity normalizer",
            _ => null,
        };
        if (problem is not null)
            throw new CheckpointException($"'{_file}' asks for {problem}, as Gemma's tokenizer has it. It is not a tokenizer of PaliGemma.");
    }

    private TokenizerDefinition Assemble(IReadOnlyList<AddedToken> extraTokens)
    {
        int modelCount = _pieces.Count;
        List<AddedToken> raw = AddBehind(extraTokens);
        _pieces.RequireDense();
        var kinds = new TokenKind[_pieces.Count];
        foreach (AddedToken token in raw)
            kinds[token.Id] = token.Special ? TokenKind.Special : TokenKind.Ordinary;
        int[] byteIds = new int[256];
        Array.Fill(byteIds, -1);
        int unknown = -1;
        var userDefined = new List<AddedToken>();
        for (int id = 0; id < modelCount; id++)
        {
            switch ((int)_types[id])
            {
                case Unknown when unknown >= 0:
                    throw new CheckpointException($"'{_file}' has two unknown tokens, {unknown} and {id}; expected one. The file is damaged.");
                case Unknown:
                    unknown = id;
                    goto case Control;
                case Control:
                    kinds[id] = TokenKind.Special;
                    raw.Add(new AddedToken(id, _pieces.Text(id), Special: true));
                    break;
                case UserDefined:
                    userDefined.Add(new AddedToken(id, _pieces.Text(id), Special: false));
                    break;
                case Byte:
                    if (!_byteFallback || !BytePiece.TryParse(_pieces.Bytes(id), out byte value))
                        throw new CheckpointException($"'{_file}' has a byte piece '{_pieces.Text(id)}' that {(_byteFallback ? "names no byte" : "nothing uses")}. The file is damaged.");
                    kinds[id] = TokenKind.Byte;
                    byteIds[value] = id;
                    break;
                default:
                    break;
            }
        }

        if (unknown < 0)
            throw new CheckpointException($"'{_file}' has no unknown token; a SentencePiece model has exactly one. The file is damaged.");
        if (_byteFallback && byteIds.AsSpan().Contains(-1))
            throw new CheckpointException($"'{_file}' has no piece for the byte 0x{byteIds.AsSpan().IndexOf(-1):X2}, but falls back to bytes. The file is damaged.");
        var symbols = new SymbolTable(_pieces.Count);
        return new TokenizerDefinition
        {
            File = _file,
            Pieces = _pieces,
            Kinds = kinds,
            Merges = BuildMerges(symbols, kinds, modelCount),
            Symbols = symbols,
            ByteIds = byteIds,
            FuseUnknown = true,
            RawTokens = new AddedTokenMatcher(raw, spaceIsMarker: false),
            NormalizedTokens = new AddedTokenMatcher(userDefined, spaceIsMarker: true),
            BosId = Role(_bos, "<bos>", "beginning-of-text", kinds),
            EosId = Role(_eos, "<eos>", "end-of-text", kinds),
            PadId = Role(_pad, "<pad>", "padding", kinds),
            UnknownId = unknown,
            UnknownSurface = _unknownSurface,
        };
    }

    private List<AddedToken> AddBehind(IReadOnlyList<AddedToken> extraTokens)
    {
        var added = new List<AddedToken>();
        foreach (AddedToken token in extraTokens)
        {
            byte[] text = Encoding.UTF8.GetBytes(token.Text);
            if (text.Length <= PieceTable.MaximumPieceBytes && _pieces.TryGetId(text, out int id))
            {
                if (id != token.Id)
                    throw new CheckpointException($"'{_file}' gives '{token.Text}' the id {id}, but added_tokens.json says {token.Id}. Take both files from one checkpoint.");
                continue;
            }

            _pieces.Add(token.Id, text, 0);
            added.Add(token);
        }

        return added;
    }

    /// <summary>
    /// Turns scores into merges: two symbols may be joined when their text is a normal piece, the piece with the higher score first.
    /// User-defined pieces take no part: wherever their text stands it has been cut out before.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private MergeTable BuildMerges(SymbolTable symbols, TokenKind[] kinds, int modelCount)
    {
        for (int id = 0; id < modelCount; id++)
        {
            ReadOnlySpan<byte> piece = _pieces.Bytes(id);
            if (_types[id] is Normal or UserDefined
                && Rune.DecodeFromUtf8(piece, out Rune character, out int length) == OperationStatus.Done && length == piece.Length)
            {
                symbols.Set(character, id);
            }
        }

        var merges = new MergeList();
        for (int id = 0; id < modelCount; id++)
        {
            if (_types[id] != Normal)
                continue;
            uint priority = Priority(_scores[id]);
            ReadOnlySpan<byte> piece = _pieces.Bytes(id);
            _ = Rune.DecodeFromUtf8(piece, out _, out int split);
            for (; split < piece.Length; split += LengthAt(piece, split))
            {
                int left = SymbolOf(piece[..split], symbols);
                if (left < 0)
                    continue;
                int right = SymbolOf(piece[split..], symbols);
                if (right < 0)
                    continue;
                if (merges.Count == MergeTable.MaximumCount)
                    throw new CheckpointException($"'{_file}' implies more than {MergeTable.MaximumCount} merges. The file is damaged.");
                merges.Add(left, right, id, priority);
            }
        }

        return merges.ToTable(kinds);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int SymbolOf(ReadOnlySpan<byte> text, SymbolTable symbols)
    {
        if (_pieces.TryGetId(text, out int id) && id < _types.Count && _types[id] is Normal or UserDefined)
            return id;
        return text.Length <= 4 && Rune.DecodeFromUtf8(text, out Rune character, out int length) == OperationStatus.Done && length == text.Length
            ? symbols.GetOrAddOrphan(character)
            : -1;
    }

    private static int LengthAt(ReadOnlySpan<byte> utf8, int position) => utf8[position] switch
    {
        < 0x80 => 1,
        < 0xE0 => 2,
        < 0xF0 => 3,
        _ => 4,
    };

    /// <summary>An integer that orders as the scores do, the highest score first.</summary>
    private static uint Priority(float score)
    {
        uint bits = BitConverter.SingleToUInt32Bits(score + 0f); // −0 becomes 0
        uint ascending = (bits & 0x80000000) != 0 ? ~bits : bits | 0x80000000;
        return ~ascending;
    }

    private int Role(string name, string usual, string role, TokenKind[] kinds)
    {
        foreach (string candidate in new[] { name, usual })
        {
            if (_pieces.TryGetId(candidate, out int id) && kinds[id] == TokenKind.Special)
                return id;
        }

        throw new CheckpointException($"'{_file}' has no control piece '{name}', the {role} token. Expected a tokenizer of PaliGemma.");
    }
}
