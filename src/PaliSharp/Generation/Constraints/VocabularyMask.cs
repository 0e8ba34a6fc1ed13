namespace PaliSharp.Generation;

/// <summary>
/// The ids that are never chosen: rows of the embedding table that stand for no text, such as the image placeholder and padding.
/// Log-probabilities do not know it: they are those of the model's whole distribution.
/// </summary>
public sealed class VocabularyMask
{
    private VocabularyMask(TokenSet forbidden) => Forbidden = forbidden;

    /// <summary>Everything may be chosen.</summary>
    public static VocabularyMask None { get; } = new(TokenSet.Empty);

    /// <summary>What is never chosen.</summary>
    public TokenSet Forbidden { get; }

    /// <summary>Forbids a set.</summary>
    /// <param name="forbidden">What is never chosen.</param>
    public static VocabularyMask Forbid(TokenSet forbidden)
    {
        ArgumentNullException.ThrowIfNull(forbidden);
        return forbidden.IsEmpty ? None : new VocabularyMask(forbidden);
    }

    /// <summary>Forbids every row beyond the tokenizer's tokens, and some tokens.</summary>
    /// <param name="tokenCount">The number of tokens the tokenizer knows: rows from here on are padding.</param>
    /// <param name="tokenIds">Tokens that are never chosen, such as the image placeholder.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count or an id is negative.</exception>
    public static VocabularyMask ForTokenizer(int tokenCount, params ReadOnlySpan<int> tokenIds) =>
        Forbid(TokenSet.Range(tokenCount, int.MaxValue).Union(TokenSet.Of(tokenIds)));
}
