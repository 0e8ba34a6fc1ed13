using PaliSharp.Generation;

namespace PaliSharp.Tasks;

/// <summary>
/// Notices that a text has begun to repeat itself without end, as greedy decoding of long texts sometimes does: the last tokens are one
/// phrase over and over.
/// </summary>
internal static class RepetitionGuard
{
    // Longer phrases seldom loop; shorter runs occur in honest text (rows of dots, tables of zeros).
    private const int LongestPhrase = 64;
    private const int LeastRepetitions = 4;
    private const int LeastTokens = 48;

    /// <summary>Adds the guard to options, beside a condition that may be there. Not with beams, which cannot be stopped.</summary>
    public static GenerationOptions Guard(GenerationOptions options)
    {
        if (options.Beam is not null)
            return options;
        Func<IReadOnlyList<SampledToken>, bool>? given = options.StopWhen;
        return options with { StopWhen = given is null ? IsEndless : tokens => given(tokens) || IsEndless(tokens) };
    }

    /// <summary>Whether the last tokens are one phrase, again and again.</summary>
    public static bool IsEndless(IReadOnlyList<SampledToken> tokens) => RepeatedTail(tokens) > 0;

    /// <summary>The number of tokens at the end that only repeat a phrase written before; 0 if the text does not loop.</summary>
    public static int RepeatedTail(IReadOnlyList<SampledToken> tokens)
    {
        for (int period = 1; period <= LongestPhrase; period++)
        {
            int needed = Math.Max(period * LeastRepetitions, LeastTokens) - period;
            int repeated = 0;
            for (int i = tokens.Count - 1; i >= period && tokens[i].Id == tokens[i - period].Id; i--)
            {
                // A phrase is counted in full; the check at each token needs no more than the threshold.
                repeated++;
            }

            if (repeated >= needed)
                return repeated;
        }

        return 0;
    }
}
