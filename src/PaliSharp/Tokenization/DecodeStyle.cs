namespace PaliSharp.Tokenization;

/// <summary>
/// How ids become text where the official libraries differ: byte pieces that do not form valid UTF-8, and unknown tokens. For anything
/// that encoding text gives, all styles agree.
/// </summary>
public enum DecodeStyle
{
    /// <summary>
    /// The bytes of all pieces are decoded as one UTF-8 text with a U+FFFD for each maximal malformed sequence, as Unicode recommends.
    /// The streaming decoder's chunks join to exactly this.
    /// </summary>
    Utf8,

    /// <summary>As Hugging Face's tokenizers: a run of byte pieces that is not valid as a whole gives one U+FFFD for each of its bytes.</summary>
    HuggingFace,

    /// <summary>
    /// As SentencePiece: a U+FFFD for each malformed byte, control tokens always left out, <c> ⁇ </c> for an unknown token.
    /// </summary>
    SentencePiece,
}
