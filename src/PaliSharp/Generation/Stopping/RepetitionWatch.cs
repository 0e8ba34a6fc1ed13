namespace PaliSharp.Generation;

/// <summary>Tells when a growing text ends in repetitions of one block. Time per token is linear in the longest block; nothing is allocated.</summary>
/// <param name="guard">What counts.</param>
internal sealed class RepetitionWatch(RepetitionGuard guard)
{
    // For each block length p: how many of the last tokens in a row equal the token p places before them.
    private readonly int[] _matches = new int[guard.MaxBlockTokens + 1];

    /// <summary>Takes the token that was written last.</summary>
    /// <param name="tokens">All tokens so far, the last one included.</param>
    /// <returns>Whether the text repeats itself.</returns>
    public bool Push(List<SampledToken> tokens)
    {
        int last = tokens.Count - 1;
        bool repeats = false;
        for (int block = 1; block < _matches.Length && block <= last; block++)
        {
            _matches[block] = tokens[last].Id == tokens[last - block].Id ? _matches[block] + 1 : 0;
            int span = _matches[block] + block;
            repeats |= span >= block * guard.Repetitions && span >= guard.MinTokens;
        }

        return repeats;
    }
}
