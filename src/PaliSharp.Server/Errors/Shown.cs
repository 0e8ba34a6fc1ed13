namespace PaliSharp.Server.Errors;

/// <summary>Text of callers as it may stand in messages: short, without control characters.</summary>
internal static class Shown
{
    private const int MaximumLength = 80;

    /// <summary>The text, cut and cleaned.</summary>
    public static string Text(string text)
    {
        string cut = text.Length <= MaximumLength ? text : string.Concat(text.AsSpan(0, MaximumLength), "…");
        return cut.Any(char.IsControl) ? string.Concat(cut.Select(c => char.IsControl(c) ? '\uFFFD' : c)) : cut;
    }
}
