using PaliSharp.Generation;

namespace PaliSharp.Tasks;

/// <summary>Long texts that repeat themselves: what ends them, and what remains of them.</summary>
internal static class RepeatedText
{
    private static readonly RepetitionGuard Guard = new();

    /// <summary>Ends an answer that repeats one phrase over and over, unless the options say how already or have beams, which cannot be stopped.</summary>
    public static GenerationOptions Stop(GenerationOptions options) =>
        options.Beam is null && options.StopOnRepetition is null ? options with { StopOnRepetition = Guard } : options;

    /// <summary>The number of tokens at the end that only repeat the phrase before them; 0 if the text does not loop.</summary>
    /// <param name="tokens">All tokens.</param>
    /// <param name="guard">What counts as a loop.</param>
    public static int Tail(IReadOnlyList<SampledToken> tokens, RepetitionGuard? guard = null)
    {
        guard ??= Guard;
        for (int block = 1; block <= guard.MaxBlockTokens; block++)
        {
            int repeated = 0;
            for (int i = tokens.Count - 1; i >= block && tokens[i].Id == tokens[i - block].Id; i--)
                repeated++;
            int span = repeated + block;
            if (span >= block * guard.Repetitions && span >= guard.MinTokens)
                return repeated;
        }

        return 0;
    }
}
