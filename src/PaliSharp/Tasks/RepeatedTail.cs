using PaliSharp.Generation;

namespace PaliSharp.Tasks;

/// <summary>The end of a text that the repetition guard stopped: one phrase over and over, of which a reader wants the first.</summary>
internal static class RepeatedTail
{
    /// <summary>Turns the guard on, unless the caller chose one. Not with beams, which cannot be stopped.</summary>
    public static GenerationOptions Guard(GenerationOptions options) =>
        options.Beam is null && options.StopOnRepetition is null ? options with { StopOnRepetition = new RepetitionGuard() } : options;

    /// <summary>The number of tokens at the end that only repeat a phrase written before; 0 if the guard would not stop there.</summary>
    public static int Count(IReadOnlyList<SampledToken> tokens, RepetitionGuard guard)
    {
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
