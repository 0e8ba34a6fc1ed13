namespace PaliSharp.Evaluation;

/// <summary>Errors of music written as <c>**kern</c>: characters (CER), symbols between white space (SER) and lines that are not empty (LER).</summary>
/// <param name="Characters">Of the raw text.</param>
/// <param name="Symbols">Of what stands between white space.</param>
/// <param name="Lines">Of lines that are not empty.</param>
public readonly record struct MusicErrors(ErrorCount Characters, ErrorCount Symbols, ErrorCount Lines)
{
    /// <summary>Compares two texts. The papers' rates are <see cref="ErrorCount.Rate"/> × 100 of the sums over a corpus.</summary>
    /// <param name="reference">The right text.</param>
    /// <param name="hypothesis">The text in question.</param>
    public static MusicErrors Of(string reference, string hypothesis)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(hypothesis);
        return new MusicErrors(
            Count<int>(PythonText.CodePoints(reference), PythonText.CodePoints(hypothesis)),
            Count<string>(PythonText.Split(reference), PythonText.Split(hypothesis)),
            Count<string>(LinesOf(reference), LinesOf(hypothesis)));
    }

    /// <summary>The counts of two texts together.</summary>
    public static MusicErrors operator +(MusicErrors left, MusicErrors right) =>
        new(left.Characters + right.Characters, left.Symbols + right.Symbols, left.Lines + right.Lines);

    private static ErrorCount Count<T>(T[] reference, T[] hypothesis)
        where T : IEquatable<T> => new(EditDistance.Of<T>(reference, hypothesis), reference.Length);

    private static string[] LinesOf(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
