namespace PaliSharp.Generation;

/// <summary>When a generation ends.</summary>
/// <remarks>Setting a value outside its range throws an <see cref="ArgumentException"/>.</remarks>
public sealed record StopConditions
{
    private readonly int[] _endIds = [1];
    private readonly int[] _stopIds = [];
    private readonly string[] _stopStrings = [];

    /// <summary>The most tokens generated, at least 1; 256 by default.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below 1.</exception>
    public int MaxNewTokens
    {
        get;
        init => field = value >= 1
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, $"{nameof(MaxNewTokens)} must be at least 1.");
    } = 256;

    /// <summary>The tokens by which the model ends a text, as its configuration names them; 1 by default.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is negative.</exception>
    public IReadOnlyList<int> EosIds
    {
        get => _endIds;
        init => _endIds = CheckIds(value);
    }

    /// <summary>Further tokens that end the text when the model chooses them; none by default.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is negative.</exception>
    public IReadOnlyList<int> StopIds
    {
        get => _stopIds;
        init => _stopIds = CheckIds(value);
    }

    /// <summary>Strings before which the text ends; none by default. Neither empty nor with half a surrogate pair.</summary>
    /// <exception cref="ArgumentException">A string is empty or not well-formed UTF-16.</exception>
    public IReadOnlyList<string> StopStrings
    {
        get => _stopStrings;
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            foreach (string text in value)
                StopStringMatcher.CheckStopString(text, nameof(value));
            _stopStrings = [.. value];
        }
    }

    /// <summary>Whether a token ends the text.</summary>
    /// <param name="id">The token.</param>
    public bool Ends(int id) => _endIds.AsSpan().Contains(id) || _stopIds.AsSpan().Contains(id);

    /// <summary>Why generation ends after a token, or null if it goes on. Stop strings are found in the text, not here.</summary>
    /// <param name="id">The token chosen last.</param>
    /// <param name="newTokens">How many have been chosen, it included.</param>
    public FinishReason? After(int id, int newTokens)
    {
        if (Ends(id))
            return FinishReason.Stop;
        return newTokens >= MaxNewTokens ? FinishReason.Length : null;
    }

    private static int[] CheckIds(IReadOnlyList<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        foreach (int id in ids)
            ArgumentOutOfRangeException.ThrowIfNegative(id, nameof(ids));
        return [.. ids];
    }
}
