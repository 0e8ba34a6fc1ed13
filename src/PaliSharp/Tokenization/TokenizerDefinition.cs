namespace PaliSharp.Tokenization;

/// <summary>What a token is to the decoder and to user text.</summary>
internal enum TokenKind : byte
{
    /// <summary>A piece of text.</summary>
    Ordinary,

    /// <summary>One byte of a character that is no piece, named <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c>.</summary>
    Byte,

    /// <summary>A control token: never found in user text unless asked for, left out of decoded text by default.</summary>
    Special,
}

/// <summary>A token that is cut out of the text before byte-pair encoding.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Text">Its text, as it stands in what is searched.</param>
/// <param name="Special">Whether it is found only when special tokens are parsed.</param>
internal readonly record struct AddedToken(int Id, string Text, bool Special);

/// <summary>A tokenizer as read from either file format: everything encoding and decoding need.</summary>
internal sealed class TokenizerDefinition
{
    /// <summary>The file it came from.</summary>
    public required string File { get; init; }

    /// <summary>The texts of the tokens.</summary>
    public required PieceTable Pieces { get; init; }

    /// <summary>The kind of every token.</summary>
    public required TokenKind[] Kinds { get; init; }

    /// <summary>The allowed merges.</summary>
    public required MergeTable Merges { get; init; }

    /// <summary>The first symbol of every character.</summary>
    public required SymbolTable Symbols { get; init; }

    /// <summary>The id of every byte, −1 where there is none.</summary>
    public required int[] ByteIds { get; init; }

    /// <summary>Whether neighbouring unknown characters become one unknown token.</summary>
    public required bool FuseUnknown { get; init; }

    /// <summary>Tokens found in the text as it is.</summary>
    public required AddedTokenMatcher RawTokens { get; init; }

    /// <summary>Tokens found after spaces became U+2581.</summary>
    public required AddedTokenMatcher NormalizedTokens { get; init; }

    /// <summary>The id of the token that begins a text.</summary>
    public required int BosId { get; init; }

    /// <summary>The id of the token that ends a text.</summary>
    public required int EosId { get; init; }

    /// <summary>The id of padding.</summary>
    public required int PadId { get; init; }

    /// <summary>The id of what cannot be encoded.</summary>
    public required int UnknownId { get; init; }

    /// <summary>What SentencePiece writes for an unknown token.</summary>
    public string UnknownSurface { get; init; } = " \u2047 ";
}
