using System.Globalization;

namespace PaliSharp.Tokenization;

/// <summary>
/// Turns text into token ids and back, as the official tokenizers of Gemma and PaliGemma do: SentencePiece byte-pair encoding with byte
/// fallback, read from <c>tokenizer.json</c> or <c>tokenizer.model</c>. Instances are immutable and may be used by many threads at once.
/// </summary>
/// <remarks>
/// For any text <c>s</c> of valid Unicode, <c>Decode(Encode(s))</c> is <c>s</c> with U+2581 replaced by a space (the vocabulary writes
/// spaces as U+2581), provided that the vocabulary has a piece for every byte, as Gemma's has.
/// </remarks>
public sealed class Tokenizer
{
    /// <summary>The longest text that is accepted, in UTF-16 units: hundreds of times what a model can read.</summary>
    public const int MaximumTextLength = 1 << 22;

    internal const char SpaceMarker = '\u2581';
    internal const string SpaceMarkerText = "\u2581";

    private readonly TokenizerDefinition _definition;
    private readonly BytePairEncoder _encoder;
    private readonly TokenDecoder _decoder;

    internal Tokenizer(TokenizerDefinition definition)
    {
        _definition = definition;
        _encoder = new BytePairEncoder(definition);
        _decoder = new TokenDecoder(definition);
        int[] newline = Encode("\n");
        if (newline.Length != 1)
            throw new CheckpointException($"'{definition.File}' splits a newline into {newline.Length} tokens; expected one. It is not a tokenizer of PaliGemma.");
        NewlineId = newline[0];
        ImageId = definition.Pieces.TryGetId("<image>", out int image) ? image : null;
        (FirstLocationId, LocationCount) = FindSeries("loc", 4);
        (FirstSegmentationId, SegmentationCount) = FindSeries("seg", 3);
    }

    /// <summary>The number of tokens: ids are 0 to this number − 1. The embedding table may have more rows than that.</summary>
    public int VocabularySize => _definition.Pieces.Count;

    /// <summary>The id that begins every text.</summary>
    public int BosId => _definition.BosId;

    /// <summary>The id that ends a text.</summary>
    public int EosId => _definition.EosId;

    /// <summary>The id of padding.</summary>
    public int PadId => _definition.PadId;

    /// <summary>The id of what cannot be encoded; unused where the vocabulary has a piece for every byte.</summary>
    public int UnknownId => _definition.UnknownId;

    /// <summary>The id of a newline, which separates prefix and suffix.</summary>
    public int NewlineId { get; }

    /// <summary>The id of <c>&lt;image&gt;</c>, or null: SentencePiece models do not have it.</summary>
    public int? ImageId { get; }

    /// <summary>The id of <c>&lt;loc0000&gt;</c>, or null.</summary>
    public int? FirstLocationId { get; }

    /// <summary>The number of location tokens, which follow <see cref="FirstLocationId"/>: 1024 in PaliGemma, or 0.</summary>
    public int LocationCount { get; }

    /// <summary>The id of <c>&lt;seg000&gt;</c>, or null.</summary>
    public int? FirstSegmentationId { get; }

    /// <summary>The number of segmentation tokens, which follow <see cref="FirstSegmentationId"/>: 128 in PaliGemma, or 0.</summary>
    public int SegmentationCount { get; }

    /// <summary>
    /// Loads a tokenizer. Of a folder, <c>tokenizer.json</c> is preferred to <c>tokenizer.model</c>; names of control tokens are taken from
    /// <c>tokenizer_config.json</c> and, for a <c>tokenizer.model</c>, further tokens from <c>added_tokens.json</c>, where these exist.
    /// </summary>
    /// <param name="path">A folder, or a file of either format.</param>
    /// <exception cref="CheckpointException">There is no tokenizer, or it is malformed or unsupported.</exception>
    public static Tokenizer Load(string path) => new(TokenizerFiles.Load(path));

    /// <summary>The file that <see cref="Load"/> would read in a folder, or null.</summary>
    /// <param name="folder">A folder.</param>
    public static string? Find(string folder) => TokenizerFiles.Find(folder);

    /// <summary>Reads a <c>tokenizer.json</c> whose control tokens have their usual names.</summary>
    /// <param name="json">The file's content.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <exception cref="CheckpointException">It is malformed or unsupported.</exception>
    public static Tokenizer FromJson(Stream json, string name = "tokenizer.json") =>
        new(HuggingFaceTokenizerReader.Read(TokenizerFiles.ReadAll(json, name), name, new SpecialTokenNames()));

    /// <summary>Reads a SentencePiece model.</summary>
    /// <param name="model">The file's content.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <exception cref="CheckpointException">It is malformed or unsupported.</exception>
    public static Tokenizer FromSentencePiece(Stream model, string name = "tokenizer.model") =>
        new(SentencePieceReader.Read(TokenizerFiles.ReadAll(model, name).Span, name, []));

    /// <summary>Turns text into ids, without <c>&lt;bos&gt;</c> and <c>&lt;eos&gt;</c>.</summary>
    /// <param name="text">The text. <c>&lt;loc…&gt;</c> and <c>&lt;seg…&gt;</c> in it are single tokens.</param>
    /// <param name="parseSpecialTokens">Whether control tokens spelled out in the text (<c>&lt;bos&gt;</c>, <c>&lt;image&gt;</c>, …) become
    /// those tokens. Off, they are plain text, so that nobody's text can pose as structure.</param>
    /// <exception cref="PromptException">The text is not valid UTF-16: a surrogate stands alone.</exception>
    /// <exception cref="ResourceLimitException">The text is longer than <see cref="MaximumTextLength"/>.</exception>
    public int[] Encode(string text, bool parseSpecialTokens = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>((text.Length / 3) + 4);
        Encode(text, ids, parseSpecialTokens);
        return [.. ids];
    }

    /// <summary>Turns text into ids and appends them to a list. On an error nothing is appended.</summary>
    /// <param name="text">The text.</param>
    /// <param name="ids">Receives the ids.</param>
    /// <param name="parseSpecialTokens">Whether control tokens spelled out in the text become those tokens.</param>
    /// <exception cref="PromptException">The text is not valid UTF-16: a surrogate stands alone.</exception>
    /// <exception cref="ResourceLimitException">The text is longer than <see cref="MaximumTextLength"/>.</exception>
    public void Encode(ReadOnlySpan<char> text, List<int> ids, bool parseSpecialTokens = false)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (text.Length > MaximumTextLength)
            throw new ResourceLimitException($"A text of {text.Length} characters is to be tokenized; at most {MaximumTextLength} are accepted. Shorten it.");
        RequireValid(text);
        int done = 0;
        int position = 0;
        while (_definition.RawTokens.TryFind(text, ref position, out int length, out AddedToken token))
        {
            // A special token that is not to be parsed keeps its characters to itself: nothing else is searched in them at this stage.
            if (!token.Special || parseSpecialTokens)
            {
                EncodeNormalized(text[done..position], ids, parseSpecialTokens);
                ids.Add(token.Id);
                done = position + length;
            }

            position += length;
        }

        EncodeNormalized(text[done..], ids, parseSpecialTokens);
    }

    /// <summary>Turns ids into text.</summary>
    /// <param name="ids">The ids; those outside the vocabulary (padding rows of an embedding table) give nothing.</param>
    /// <param name="skipSpecialTokens">Whether control tokens give nothing instead of their names.</param>
    /// <param name="style">How bytes that are no valid UTF-8, and unknown tokens, are written.</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true, DecodeStyle style = DecodeStyle.Utf8) =>
        _decoder.Decode(ids, skipSpecialTokens, style);

    /// <summary>A decoder that takes one id at a time and never gives half a character.</summary>
    /// <param name="skipSpecialTokens">Whether control tokens give nothing instead of their names.</param>
    public StreamingDecoder CreateStreamingDecoder(bool skipSpecialTokens = true) => new(_decoder, skipSpecialTokens);

    /// <summary>The text of a token as the vocabulary writes it, with U+2581 for spaces; null for an id outside the vocabulary.</summary>
    /// <param name="id">The id.</param>
    public string? TokenText(int id) => _definition.Pieces.Contains(id) ? _definition.Pieces.Text(id) : null;

    /// <summary>Finds the id of a token by its text as the vocabulary writes it.</summary>
    /// <param name="token">The text, with U+2581 for spaces.</param>
    /// <param name="id">The id, or −1.</param>
    public bool TryGetId(string token, out int id)
    {
        ArgumentNullException.ThrowIfNull(token);
        return _definition.Pieces.TryGetId(token, out id);
    }

    /// <summary>Whether a token is a control token, which user text does not become and decoded text leaves out by default.</summary>
    /// <param name="id">The id.</param>
    public bool IsSpecial(int id) => (uint)id < (uint)_definition.Kinds.Length && _definition.Kinds[id] == TokenKind.Special;

    /// <summary>Writes the bytes of one token as decoded text has them; nothing for control tokens.</summary>
    internal void WriteBytes(int id, System.Buffers.IBufferWriter<byte> text) => _decoder.Write(id, skipSpecialTokens: true, text);

    private void EncodeNormalized(ReadOnlySpan<char> text, List<int> ids, bool parseSpecialTokens)
    {
        int done = 0;
        int position = 0;
        while (_definition.NormalizedTokens.TryFind(text, ref position, out int length, out AddedToken token))
        {
            if (!token.Special || parseSpecialTokens)
            {
                _encoder.Encode(text[done..position], ids);
                ids.Add(token.Id);
                done = position + length;
            }

            position += length;
        }

        _encoder.Encode(text[done..], ids);
    }

    private static void RequireValid(ReadOnlySpan<char> text)
    {
        int position = 0;
        while (true)
        {
            int next = text[position..].IndexOfAnyInRange('\uD800', '\uDFFF');
            if (next < 0)
                return;
            position += next;
            if (position + 1 >= text.Length || !char.IsSurrogatePair(text[position], text[position + 1]))
            {
                throw new PromptException(
                    $"The text has half a character at position {position}: the surrogate U+{(int)text[position]:X4} stands alone. "
                    + "Give valid Unicode; text that was cut by UTF-16 units must be cut between characters.");
            }

            position += 2;
        }
    }

    private (int? First, int Count) FindSeries(string name, int digits)
    {
        string Name(int index) => $"<{name}{index.ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0')}>";
        if (!_definition.Pieces.TryGetId(Name(0), out int first))
            return (null, 0);
        int count = 1;
        while (_definition.Pieces.TryGetId(Name(count), out int id))
        {
            if (id != first + count)
                throw new CheckpointException($"'{_definition.File}' gives '{Name(count)}' the id {id}; expected {first + count}, because '{Name(0)}' is {first}. The file is damaged.");
            count++;
        }

        return (first, count);
    }
}
