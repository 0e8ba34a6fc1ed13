namespace PaliSharp.Generation;

/// <summary>Which of several equally likely tokens on the border of top-p stay.</summary>
public enum NucleusRule
{
    /// <summary>
    /// As transformers: the fewest tokens whose mass reaches p. Of equally likely ones on the border, the lowest ids stay.
    /// </summary>
    HuggingFace,

    /// <summary>As big_vision: every token at least as likely as the one at which the mass reaches p.</summary>
    BigVision,
}

/// <summary>
/// How the next token is chosen. The default is greedy: the likeliest token. With a <see cref="Temperature"/> above 0 a token is drawn,
/// after the filters in the order in which transformers applies them: repetition penalty, no-repeat n-gram, temperature, top-k, top-p,
/// min-p, typical, epsilon, eta. Greedy choice uses the first two only. Every filter is off by default.
/// </summary>
/// <remarks>Setting a value outside its range throws <see cref="ArgumentOutOfRangeException"/>.</remarks>
public sealed record SamplingOptions
{
    /// <summary>Greedy choice without any filter.</summary>
    public static SamplingOptions Greedy { get; } = new();

    /// <summary>
    /// What logits are divided by before drawing: 0 (greedy, the default) or 1e-6 to 1e6. 1 draws from the model's own distribution.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is neither 0 nor in 1e-6…1e6.</exception>
    public double Temperature
    {
        get;
        init => field = value is 0 or (>= 1e-6 and <= 1e6)
            ? value
            : throw OutOfRange(nameof(Temperature), value, "0 (greedy) or 1e-6 to 1e6");
    }

    /// <summary>
    /// Only tokens at least as likely as the k-th likeliest stay (all of those that tie with it). 0, the default, is off.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public int TopK
    {
        get;
        init => field = value >= 0 ? value : throw OutOfRange(nameof(TopK), value, "0 (off) or more");
    }

    /// <summary>Only the likeliest tokens stay whose mass reaches this share, 0 to 1. 1, the default, is off.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in 0…1.</exception>
    public double TopP
    {
        get;
        init => field = value is >= 0 and <= 1 ? value : throw OutOfRange(nameof(TopP), value, "0 to 1 (off)");
    } = 1;

    /// <summary>What <see cref="TopP"/> does with equally likely tokens on its border.</summary>
    public NucleusRule NucleusRule { get; init; }

    /// <summary>Only tokens with at least this share of the likeliest token's probability stay, 0 to 1. 0, the default, is off.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in 0…1.</exception>
    public double MinP
    {
        get;
        init => field = value is >= 0 and <= 1 ? value : throw OutOfRange(nameof(MinP), value, "0 (off) to 1");
    }

    /// <summary>
    /// Only the tokens stay whose information content is nearest to the entropy and whose mass reaches this share (locally typical
    /// sampling), above 0 to 1. 1, the default, is off.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not above 0 or is above 1.</exception>
    public double TypicalP
    {
        get;
        init => field = value is > 0 and <= 1 ? value : throw OutOfRange(nameof(TypicalP), value, "above 0 to 1 (off)");
    } = 1;

    /// <summary>Only tokens of at least this probability stay, and the likeliest; 0 to below 1. 0, the default, is off.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in 0…1 or is 1.</exception>
    public double EpsilonCutoff
    {
        get;
        init => field = value is >= 0 and < 1 ? value : throw OutOfRange(nameof(EpsilonCutoff), value, "0 (off) to below 1");
    }

    /// <summary>
    /// Only tokens of at least the probability min(η, √η·e^−entropy) stay, and the likeliest; 0 to below 1. 0, the default, is off.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in 0…1 or is 1.</exception>
    public double EtaCutoff
    {
        get;
        init => field = value is >= 0 and < 1 ? value : throw OutOfRange(nameof(EtaCutoff), value, "0 (off) to below 1");
    }

    /// <summary>
    /// Divides the positive and multiplies the negative logits of tokens that have occurred, 0.001 to 1000. 1, the default, is off.
    /// Above 1 it discourages repetition, which corrupts the <c>&lt;loc&gt;</c> sequences of detection.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in 0.001…1000.</exception>
    public double RepetitionPenalty
    {
        get;
        init => field = value is >= 0.001 and <= 1000
            ? value
            : throw OutOfRange(nameof(RepetitionPenalty), value, "0.001 to 1000 (1: off)");
    } = 1;

    /// <summary>No run of this many tokens may occur twice. 0, the default, is off; 1 forbids every token that has occurred.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public int NoRepeatNgramSize
    {
        get;
        init => field = value >= 0 ? value : throw OutOfRange(nameof(NoRepeatNgramSize), value, "0 (off) or more");
    }

    /// <summary>
    /// What makes drawing repeatable: equal seeds and equal logits give equal tokens. Null, the default, takes a new seed each time.
    /// </summary>
    public ulong? Seed { get; init; }

    /// <summary>Whether the likeliest token is always taken.</summary>
    public bool IsGreedy => Temperature == 0;

    private static ArgumentOutOfRangeException OutOfRange(string name, object value, string expected) =>
        new(name, value, $"{name} must be {expected}.");
}
