namespace PaliSharp.Generation;

/// <summary>What the model wrote for one request.</summary>
public sealed record GenerationResult
{
    /// <summary>The text; control tokens and anything from a stop string on are left out.</summary>
    public required string Text { get; init; }

    /// <summary>The tokens, in order, without the one that ended the text.</summary>
    public required IReadOnlyList<SampledToken> Tokens { get; init; }

    /// <summary>
    /// For each token, the likeliest ones at its place, the likeliest first, as many as were asked for; the place of the token that ended the
    /// text comes last. Empty unless asked for.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<SampledToken>> TopTokens { get; init; } = [];

    /// <summary>The sum of the log-probabilities of all tokens, the one that ended the text included.</summary>
    public required double LogProbability { get; init; }

    /// <summary>Why the text ended.</summary>
    public required FinishReason FinishReason { get; init; }

    /// <summary>The id that ended the text, if one did.</summary>
    public int? EndTokenId { get; init; }

    /// <summary>With beam search, the hypothesis' score: log-probability divided by length^penalty; otherwise the log-probability.</summary>
    public required double Score { get; init; }

    /// <summary>With beam search, the next best hypotheses, best first, as many as were asked for; otherwise empty.</summary>
    public IReadOnlyList<GenerationResult> Alternatives { get; init; } = [];

    /// <summary>The number of text tokens of the prompt, BOS and newline included.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>The number of image tokens of the prompt.</summary>
    public required int ImageTokens { get; init; }

    /// <summary>The number of tokens written, the one that ended the text included.</summary>
    public int GeneratedTokens => Tokens.Count + (EndTokenId is null ? 0 : 1);

    /// <summary>Where the time went.</summary>
    public GenerationTimings Timings { get; init; }

    /// <summary>The prompt as it was given, before tokenisation; null if ids were given.</summary>
    public string? Prompt { get; init; }
}

/// <summary>A piece of an answer as it is being written.</summary>
/// <param name="Text">What is new: whole characters only; may be empty in the last piece.</param>
/// <param name="Result">The whole result, in the last piece only.</param>
public sealed record GenerationPiece(string Text, GenerationResult? Result = null)
{
    /// <summary>
    /// The tokens chosen since the last piece. Those of all pieces are the tokens of the result; the text of the last of them may come with the
    /// next piece, where it ends within a character or may begin a stop string.
    /// </summary>
    public IReadOnlyList<SampledToken> Tokens { get; init; } = [];

    /// <summary>The likeliest tokens at each of their places, if asked for; in the last piece also at the place of the token that ended the text.</summary>
    public IReadOnlyList<IReadOnlyList<SampledToken>> TopTokens { get; init; } = [];
}
