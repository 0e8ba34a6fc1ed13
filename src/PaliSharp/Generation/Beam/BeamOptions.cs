namespace PaliSharp.Generation;

/// <summary>Whose beam search is followed.</summary>
public enum BeamRule
{
    /// <summary>
    /// As transformers: of the best continuations, those that end a text are finished; the best that do not live on. At the length limit
    /// the live texts are finished as they are.
    /// </summary>
    HuggingFace,

    /// <summary>
    /// As big_vision: at every step each live text is closed with the token that ends texts, and the single best closed one is kept; there
    /// is no length penalty. At the length limit texts are closed too, so one beam is not greedy choice.
    /// </summary>
    BigVision,
}

/// <summary>When the search of <see cref="BeamRule.HuggingFace"/> ends before the length limit, once enough texts are finished.</summary>
public enum BeamStopping
{
    /// <summary>When the best live text, scored as if it ended now, does not beat the worst finished one.</summary>
    Heuristic,

    /// <summary>At once.</summary>
    WhenFull,

    /// <summary>
    /// When the best live text, scored as if it reached the length limit without losing probability, does not beat the worst finished one.
    /// With a length penalty of 0 or less it is the same as <see cref="Heuristic"/>.
    /// </summary>
    Never,
}

/// <summary>How a beam search goes about it.</summary>
/// <remarks>Setting a value outside its range throws <see cref="ArgumentOutOfRangeException"/>.</remarks>
public sealed record BeamOptions
{
    /// <summary>The most beams a search may have.</summary>
    public const int MaxBeams = 256;

    /// <summary>How many texts are followed at once, 1 to 256.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in 1…256.</exception>
    public int Beams
    {
        get;
        init => field = value is >= 1 and <= MaxBeams ? value : throw OutOfRange(nameof(Beams), value, $"1 to {MaxBeams}");
    } = 4;

    /// <summary>
    /// How many finished texts are returned, 1 to 256; no more than <see cref="Beams"/> are kept, and one by big_vision's rule.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in 1…256.</exception>
    public int Returned
    {
        get;
        init => field = value is >= 1 and <= MaxBeams ? value : throw OutOfRange(nameof(Returned), value, $"1 to {MaxBeams}");
    } = 1;

    /// <summary>
    /// The power of the number of tokens by which a text's summed log-probability is divided, −100 to 100: above 0 favours long texts,
    /// below 0 short ones. 1 is the default. Not used by big_vision's rule.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in −100…100.</exception>
    public double LengthPenalty
    {
        get;
        init => field = value is >= -100 and <= 100 ? value : throw OutOfRange(nameof(LengthPenalty), value, "-100 to 100");
    } = 1;

    /// <summary>
    /// When to stop early. Not used by big_vision's rule, which stops when no live text is as likely as the finished one.
    /// </summary>
    public BeamStopping EarlyStopping { get; init; }

    /// <summary>Whose rule is followed.</summary>
    public BeamRule Rule { get; init; }

    private static ArgumentOutOfRangeException OutOfRange(string name, object value, string expected) =>
        new(name, value, $"{name} must be {expected}.");
}
