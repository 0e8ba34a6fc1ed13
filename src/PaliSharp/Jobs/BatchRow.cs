namespace PaliSharp.Jobs;

/// <summary>One row of a job's input.</summary>
/// <param name="Index">Its place, from 0.</param>
/// <param name="Fields">Its values by column, in order, as text.</param>
public sealed record BatchRow(long Index, IReadOnlyList<KeyValuePair<string, string>> Fields)
{
    /// <summary>The picture as the row names it; null where <see cref="Problem"/> says why there is none.</summary>
    public string? Image { get; init; }

    /// <summary>Where the picture is: <see cref="Image"/> made absolute.</summary>
    internal string? Path { get; init; }

    /// <summary>Why the row cannot be used; null if it can.</summary>
    public string? Problem { get; init; }

    /// <summary>The row as it stood in a JSONL input, one JSON object; null for other inputs.</summary>
    internal string? Json { get; init; }

    /// <summary>The value of a column, or null if the row has none.</summary>
    /// <param name="column">The column's name, exactly as written.</param>
    public string? this[string column]
    {
        get
        {
            foreach ((string name, string value) in Fields)
            {
                if (string.Equals(name, column, StringComparison.Ordinal))
                    return value;
            }

            return null;
        }
    }
}
