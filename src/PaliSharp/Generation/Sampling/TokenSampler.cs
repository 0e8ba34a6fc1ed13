using System.Security.Cryptography;

namespace PaliSharp.Generation;

/// <summary>
/// Chooses tokens by <see cref="SamplingOptions"/>. Its working memory grows to the vocabulary with the first token and is reused from
/// then on, so one sampler serves any number of sequences, but one thread at a time; so do samplers that share it.
/// </summary>
internal sealed class TokenSampler
{
    private readonly SamplingScratch _scratch;
    private readonly ILogitsProcessor[] _penalties;
    private readonly ILogitsProcessor[] _filters;
    private readonly VocabularyMask _mask;
    private readonly bool _greedy;

    /// <summary>Prepares a sampler.</summary>
    /// <param name="options">How to choose.</param>
    /// <param name="mask">What is never chosen; null for nothing.</param>
    /// <param name="scratch">The working memory; null for one of its own.</param>
    public TokenSampler(SamplingOptions options, VocabularyMask? mask = null, SamplingScratch? scratch = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _scratch = scratch ?? new SamplingScratch();
        _penalties = LogitsProcessors.Penalties(options);
        _filters = LogitsProcessors.Filters(options, _scratch);
        _mask = mask ?? VocabularyMask.None;
        _greedy = options.IsGreedy;
        Seed = options.Seed ?? BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
    }

    /// <summary>The seed of the options, or the one that was taken in its place.</summary>
    public ulong Seed { get; }

    /// <summary>The random numbers for one sequence.</summary>
    /// <param name="stream">The sequence's place in its batch: sequences of equal prompts must not be equal.</param>
    public SequenceRandom CreateRandom(int stream) => new(Seed, (ulong)stream);

    /// <summary>Logits without those of tokens that may not be chosen: what scores are to be taken under if not the whole distribution.</summary>
    /// <param name="logits">All logits. Not changed.</param>
    /// <param name="allowed">What a constraint allows; null for everything.</param>
    /// <returns>As many; valid until the next call.</returns>
    public ReadOnlySpan<float> Mask(ReadOnlySpan<float> logits, TokenSet? allowed)
    {
        Span<float> masked = _scratch.Masked(logits.Length);
        logits.CopyTo(masked);
        allowed?.KeepIn(masked);
        return WithoutForbidden(masked);
    }

    /// <summary>The same from the logits of the allowed tokens alone.</summary>
    /// <param name="ids">The tokens.</param>
    /// <param name="logits">The logit of each.</param>
    /// <param name="vocabulary">How many tokens there are.</param>
    public ReadOnlySpan<float> Spread(ReadOnlySpan<int> ids, ReadOnlySpan<float> logits, int vocabulary)
    {
        Span<float> masked = _scratch.Masked(vocabulary);
        masked.Fill(float.NegativeInfinity);
        for (int i = 0; i < ids.Length; i++)
            masked[ids[i]] = logits[i];
        return WithoutForbidden(masked);
    }

    /// <summary>Chooses a token.</summary>
    /// <param name="logits">What the model returned, one value per token. Not changed.</param>
    /// <param name="previousIds">The tokens so far, prompt first, for the repetition rules.</param>
    /// <param name="random">The sequence's random numbers; may be null for greedy choice.</param>
    /// <param name="allowed">What a constraint allows at this point; null for everything.</param>
    /// <exception cref="InvalidOperationException">Mask, constraint and repetition rules leave no token.</exception>
    /// <exception cref="CheckpointException">The logits are not finite numbers.</exception>
    public SampledToken Sample(
        ReadOnlySpan<float> logits, ReadOnlySpan<int> previousIds, SequenceRandom? random = null, TokenSet? allowed = null)
    {
        double logSumExp = Softmax.LogSumExp(logits);
        ReadOnlySpan<float> processed = Process(logits, previousIds, allowed);
        int id = _greedy ? ArgMax.Of(processed) : Draw(processed, random ?? throw new ArgumentNullException(nameof(random)));
        return Choose(logits, id, logSumExp);
    }

    /// <summary>
    /// Chooses the token with the largest sum of processed logit and noise, as big_vision's samplers do. Greedy choice ignores the noise.
    /// </summary>
    /// <param name="logits">What the model returned, one value per token. Not changed.</param>
    /// <param name="previousIds">The tokens so far, prompt first, for the repetition rules.</param>
    /// <param name="gumbelNoise">One value of the standard Gumbel distribution per token.</param>
    /// <param name="allowed">What a constraint allows at this point; null for everything.</param>
    /// <exception cref="ArgumentException">There is not one noise value per token.</exception>
    /// <exception cref="InvalidOperationException">Mask, constraint and repetition rules leave no token.</exception>
    /// <exception cref="CheckpointException">The logits are not finite numbers.</exception>
    public SampledToken SampleWithNoise(
        ReadOnlySpan<float> logits, ReadOnlySpan<int> previousIds, ReadOnlySpan<float> gumbelNoise, TokenSet? allowed = null)
    {
        if (gumbelNoise.Length != logits.Length)
            throw new ArgumentException($"There are {logits.Length} logits but {gumbelNoise.Length} noise values.", nameof(gumbelNoise));
        double logSumExp = Softmax.LogSumExp(logits);
        ReadOnlySpan<float> processed = Process(logits, previousIds, allowed);
        return Choose(logits, _greedy ? ArgMax.Of(processed) : ArgMax.Of(processed, gumbelNoise), logSumExp);
    }

    private ReadOnlySpan<float> WithoutForbidden(Span<float> logits)
    {
        _mask.Forbidden.RemoveFrom(logits);
        return float.IsNegativeInfinity(Softmax.Max(logits)) ? throw NothingLeft() : logits;
    }

    private static InvalidOperationException NothingLeft() => new(
        "No token is left to choose from: the vocabulary mask, the constraint and the no-repeat rule together forbid every one. Relax one of them.");

    private static SampledToken Choose(ReadOnlySpan<float> logits, int id, double logSumExp) => id >= 0
        ? new SampledToken(id, (float)(logits[id] - logSumExp))
        : throw NothingLeft();

    private ReadOnlySpan<float> Process(ReadOnlySpan<float> logits, ReadOnlySpan<int> previousIds, TokenSet? allowed)
    {
        if (_penalties.Length == 0 && _filters.Length == 0 && allowed is null && _mask.Forbidden.IsEmpty)
            return logits;
        Span<float> processed = _scratch.Logits(logits.Length);
        logits.CopyTo(processed);
        _mask.Forbidden.RemoveFrom(processed);
        allowed?.KeepIn(processed);
        foreach (ILogitsProcessor penalty in _penalties)
            penalty.Process(processed, previousIds);
        if (_filters.Length == 0 || float.IsNegativeInfinity(Softmax.Max(processed)))
            return processed;
        foreach (ILogitsProcessor filter in _filters)
            filter.Process(processed, previousIds);
        return processed;
    }

    /// <summary>Walks down the ids until their cumulated probability exceeds a random number.</summary>
    private int Draw(ReadOnlySpan<float> logits, SequenceRandom random)
    {
        if (float.IsNegativeInfinity(Softmax.Max(logits)))
            return -1;
        Span<float> weights = _scratch.Weights(logits.Length);
        double remaining = random.NextDouble() * Softmax.Weights(logits, weights);
        int last = -1;
        for (int id = 0; id < weights.Length; id++)
        {
            if (weights[id] == 0)
                continue;
            last = id;
            remaining -= weights[id];
            if (remaining < 0)
                break;
        }

        // Rounding may leave a remainder after the last token; that token is then the one.
        return last;
    }
}
