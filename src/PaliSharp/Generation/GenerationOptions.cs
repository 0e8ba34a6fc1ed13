namespace PaliSharp.Generation;

/// <summary>How a prompt becomes tokens.</summary>
public enum PromptStyle
{
    /// <summary>BOS + prefix, newline and suffix tokenised apart, as the training code did.</summary>
    Training,

    /// <summary>One string, as transformers' processor does: a prefix that ends in a newline merges with the separator.</summary>
    HuggingFace,
}

/// <summary>Under which distribution the log-probabilities of tokens are reported.</summary>
public enum ScoreBasis
{
    /// <summary>The model's own, over the whole vocabulary, whatever a grammar or mask forbids.</summary>
    Unmasked,

    /// <summary>
    /// Over the tokens that grammar and mask allow. Only their logits are computed, which saves much of the time of a token where a grammar
    /// allows little; but such scores do not say how far the model would have gone another way. The same as <see cref="Unmasked"/> with beams.
    /// </summary>
    Allowed,
}

/// <summary>How one request is answered. The default is greedy decoding, as the papers evaluate.</summary>
public sealed record GenerationOptions
{
    private const int MaxTopLogProbabilities = 100;

    /// <summary>The most tokens to write, at least 1; fewer where the model's context ends.</summary>
    public int MaxNewTokens { get; init; } = 128;

    /// <summary>Temperature, nucleus and the like; greedy by default. Not used with beams.</summary>
    public SamplingOptions Sampling { get; init; } = SamplingOptions.Greedy;

    /// <summary>Beam search instead of sampling; null for none.</summary>
    public BeamOptions? Beam { get; init; }

    /// <summary>The text ends before any of these. Not available with beams.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Asked after each token with all tokens so far, that one included; true ends the text there. Not available with beams.</summary>
    public Func<IReadOnlyList<SampledToken>, bool>? StopWhen { get; init; }

    /// <summary>Ends an answer that repeats itself endlessly; null to let it run. Not available with beams.</summary>
    public RepetitionGuard? StopOnRepetition { get; init; }

    /// <summary>
    /// The time until the whole answer must be there, waiting included; the call then ends with <see cref="Batching.RequestTimeoutException"/>.
    /// Null for no limit.
    /// </summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Token ids that end the text beside the checkpoint's own.</summary>
    public IReadOnlyList<int> StopIds { get; init; } = [];

    /// <summary>Token ids that are never chosen; log-probabilities do not change.</summary>
    public IReadOnlyList<int> ForbiddenIds { get; init; } = [];

    /// <summary>A grammar over token ids that the answer must follow; null for none.</summary>
    public ITokenConstraint? Constraint { get; init; }

    /// <summary>Under which distribution log-probabilities are reported; the model's own by default.</summary>
    public ScoreBasis ScoreUnder { get; init; }

    /// <summary>Never chooses <c>&lt;image&gt;</c>, padding and rows of the table that have no token; on by default.</summary>
    public bool MaskUnusedTokens { get; init; } = true;

    /// <summary>Applies the checkpoint's final soft-cap to every logit; on by default (transformers).</summary>
    public bool FinalSoftCap { get; init; } = true;

    /// <summary>Leaves the cap off for the first token after the prompt, as big_vision does; needs <see cref="FinalSoftCap"/>.</summary>
    public bool UncappedFirstToken { get; init; }

    /// <summary>How many of the likeliest tokens to report at each step, 0 to 100; see <see cref="GenerationResult.TopTokens"/>. Not available with beams.</summary>
    public int TopLogProbabilities { get; init; }

    /// <summary>How the prompt is tokenised.</summary>
    public PromptStyle PromptStyle { get; init; }

    /// <summary>Without a picture: lets the whole prompt see itself, instead of the causal mask of text models.</summary>
    public bool BidirectionalText { get; init; }

    /// <summary>With <see cref="PromptStyle.HuggingFace"/>: control tokens such as <c>&lt;bos&gt;</c> written in the prompt become tokens instead of plain text.</summary>
    public bool ParseSpecialTokens { get; init; }

    /// <summary>Checks values against one another.</summary>
    /// <exception cref="ArgumentException">A value is out of range, or two exclude each other.</exception>
    internal void Validate()
    {
        if (MaxNewTokens < 1)
            throw new ArgumentException($"MaxNewTokens is {MaxNewTokens}; it must be at least 1.", nameof(MaxNewTokens));
        if (TopLogProbabilities is < 0 or > MaxTopLogProbabilities)
            throw new ArgumentException($"TopLogProbabilities is {TopLogProbabilities}; it must be 0 to {MaxTopLogProbabilities}.", nameof(TopLogProbabilities));
        if (Beam is not null && TopLogProbabilities > 0)
            throw new ArgumentException("The likeliest tokens of each step are not reported with beams. Leave one of them out.", nameof(TopLogProbabilities));
        if (!Enum.IsDefined(ScoreUnder))
            throw new ArgumentException($"There is no distribution {ScoreUnder} to score under.", nameof(ScoreUnder));
        if (Timeout is { } timeout && (timeout <= TimeSpan.Zero || timeout.TotalMilliseconds > int.MaxValue))
            throw new ArgumentException($"Timeout is {timeout}; it must be above 0 and at most 24 days.", nameof(Timeout));
        if (Beam is not null && StopOnRepetition is not null)
            throw new ArgumentException("A repetition guard cannot be combined with beams. Use one of them.", nameof(StopOnRepetition));
        if (Beam is not null && (StopStrings.Count > 0 || StopWhen is not null))
            throw new ArgumentException("Stop strings and conditions cannot be combined with beams. Use one of them, or cut the text afterwards.", nameof(StopStrings));
    }
}
