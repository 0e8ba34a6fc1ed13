namespace PaliSharp.Cli;

/// <summary>Makes text from outside safe to show.</summary>
internal static class TerminalText
{
    /// <summary>
    /// Replaces control characters, so that neither a file name nor an answer can move the cursor or send commands to the terminal.
    /// Line ends and tabs stay.
    /// </summary>
    public static string Clean(string text) => text.AsSpan().ContainsAnyInRange('\0', '\x1f') || text.AsSpan().ContainsAnyInRange('\x7f', '\x9f')
        ? string.Create(text.Length, text, static (target, source) =>
        {
            for (int i = 0; i < target.Length; i++)
                target[i] = char.IsControl(source[i]) && source[i] is not ('\n' or '\t') ? '\ufffd' : source[i];
        })
        : text;
}
