using PaliSharp.Generation;

namespace PaliSharp.Tasks;

/// <summary>Notices that an answer repeats a box again and again.</summary>
internal sealed class RepeatedBoxes(ObjectTokens tokens)
{
    private const int Limit = 3;

    /// <summary>Whether the last four tokens are a box that has now been written three times.</summary>
    public bool IsEndless(IReadOnlyList<SampledToken> answer)
    {
        int last = answer.Count - ObjectTokens.LocationsPerObject;
        if (last < 0 || !IsBox(answer, last))
            return false;
        int count = 0;
        for (int start = 0; start <= last; start++)
        {
            if (IsBox(answer, start) && Enumerable.Range(0, ObjectTokens.LocationsPerObject).All(i => answer[start + i].Id == answer[last + i].Id))
                count++;
        }

        return count >= Limit;
    }

    // Four locations behind something else.
    private bool IsBox(IReadOnlyList<SampledToken> answer, int start)
    {
        for (int i = 0; i < ObjectTokens.LocationsPerObject; i++)
        {
            if (!tokens.IsLocation(answer[start + i].Id))
                return false;
        }

        return start == 0 || !tokens.IsLocation(answer[start - 1].Id);
    }
}
