namespace PaliSharp.Hosting;

/// <summary>There is no hosted model of a name.</summary>
/// <param name="name">The name.</param>
/// <param name="names">Those there are.</param>
public sealed class UnknownModelException(string name, IReadOnlyList<string> names)
    : PaliSharpException($"There is no model '{Shown(name)}'. Name one of these: {string.Join(", ", names)}.")
{
    private const int LongestShown = 100;

    /// <summary>The names there are.</summary>
    public IReadOnlyList<string> Names { get; } = names;

    private static string Shown(string name) =>
        string.Concat(name.Take(LongestShown).Select(letter => char.IsControl(letter) ? '?' : letter)) + (name.Length > LongestShown ? "…" : "");
}
