namespace PaliSharp.Generation;

/// <summary>When an answer counts as repeating itself endlessly, as long transcriptions may: its end is one block of tokens over and over.</summary>
/// <remarks>Setting a value outside its range throws <see cref="ArgumentOutOfRangeException"/>.</remarks>
public sealed record RepetitionGuard
{
    /// <summary>The longest block looked for, 1 to 1,024 tokens.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in 1…1,024.</exception>
    public int MaxBlockTokens { get; init => field = Check(value, 1, 1024, nameof(MaxBlockTokens)); } = 64;

    /// <summary>How often the block must stand at the end, one after the other, 2 to 1,000 times.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in 2…1,000.</exception>
    public int Repetitions { get; init => field = Check(value, 2, 1000, nameof(Repetitions)); } = 4;

    /// <summary>How many tokens all repetitions together must have, 1 to 100,000: short runs such as <c>0000</c> are no fault.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in 1…100,000.</exception>
    public int MinTokens { get; init => field = Check(value, 1, 100_000, nameof(MinTokens)); } = 32;

    private static int Check(int value, int minimum, int maximum, string name) => value >= minimum && value <= maximum
        ? value
        : throw new ArgumentOutOfRangeException(name, value, $"{name} must be {minimum} to {maximum}.");
}
