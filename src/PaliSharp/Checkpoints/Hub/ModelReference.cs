using System.Diagnostics.CodeAnalysis;

namespace PaliSharp.Checkpoints.Hub;

/// <summary>Names a repository on a hub and a revision of it: <c>OWNER/NAME[@REVISION]</c>.</summary>
/// <remarks>
/// Instances come only from <see cref="Parse"/> and <see cref="TryParse"/>: every part is safe to use in a path and in an address.
/// </remarks>
public sealed record ModelReference
{
    /// <summary>The revision meant when none is named.</summary>
    public const string DefaultRevision = "main";

    private const int LongestPart = 96;
    private const int LongestRevision = 250;

    private ModelReference(string owner, string name, string revision)
    {
        Owner = owner;
        Name = name;
        Revision = revision;
    }

    /// <summary>The user or organisation.</summary>
    public string Owner { get; }

    /// <summary>The name of the repository, without its owner.</summary>
    public string Name { get; }

    /// <summary>A branch, a tag, a reference such as <c>refs/pr/1</c> or a full commit hash; <c>main</c> by default.</summary>
    public string Revision { get; }

    /// <summary><c>OWNER/NAME</c>, without the revision.</summary>
    public string Id => $"{Owner}/{Name}";

    /// <summary>Whether <see cref="Revision"/> is a full commit hash (40 lower-case hexadecimal digits), which never moves.</summary>
    public bool IsCommit => IsCommitHash(Revision);

    /// <summary>Reads <c>OWNER/NAME[@REVISION]</c>.</summary>
    /// <param name="text">The text to read.</param>
    /// <exception cref="CheckpointException">The text is not of that form.</exception>
    public static ModelReference Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out ModelReference? reference)
            ? reference
            : throw new CheckpointException(
                $"'{Shorten(text)}' does not name a model on a hub. Expected OWNER/NAME or OWNER/NAME@REVISION, for example "
                + "google/paligemma2-3b-mix-448 or google/paligemma-3b-pt-224@bfloat16; letters, digits, '-', '_' and '.' are allowed in names.");
    }

    /// <summary>Reads <c>OWNER/NAME[@REVISION]</c> if the text is of that form.</summary>
    /// <param name="text">The text to read.</param>
    /// <param name="reference">What it names, or null.</param>
    /// <returns>Whether the text is of that form.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ModelReference? reference)
    {
        reference = null;
        if (string.IsNullOrEmpty(text) || text.Length > (2 * LongestPart) + LongestRevision + 2)
            return false;

        int at = text.IndexOf('@', StringComparison.Ordinal);
        string id = at < 0 ? text : text[..at];
        string revision = at < 0 ? DefaultRevision : text[(at + 1)..];
        int slash = id.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !IsName(id.AsSpan(0, slash)) || !IsName(id.AsSpan(slash + 1)) || !IsRevision(revision))
            return false;

        reference = new ModelReference(id[..slash], id[(slash + 1)..], revision);
        return true;
    }

    /// <summary><c>OWNER/NAME</c>, followed by <c>@REVISION</c> unless that is the default.</summary>
    public override string ToString() => Revision == DefaultRevision ? Id : $"{Id}@{Revision}";

    internal static bool IsCommitHash(ReadOnlySpan<char> text) => text.Length == 40 && IsLowerHex(text);

    internal static bool IsLowerHex(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiHexDigitLower(c))
                return false;
        }

        return true;
    }

    internal static string Shorten(string text) => text.Length <= 200 ? text : string.Concat(text.AsSpan(0, 200), "…");

    // The hub's own rule for names. It also keeps '--', the cache's separator, out of the parts.
    private static bool IsName(ReadOnlySpan<char> part)
    {
        if (part.IsEmpty || part.Length > LongestPart || part[0] is '.' or '-' || part[^1] is '.' or '-')
            return false;
        if (part.Contains("--", StringComparison.Ordinal) || part.Contains("..", StringComparison.Ordinal))
            return false;
        foreach (char c in part)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.'))
                return false;
        }

        return true;
    }

    // Git's rule for references, which also makes the revision a safe relative path below refs/.
    private static bool IsRevision(string revision)
    {
        if (revision.Length is 0 or > LongestRevision || revision.Contains("@{", StringComparison.Ordinal))
            return false;
        foreach (char c in revision)
        {
            if (c <= ' ' || c == '\x7f' || c is '\\' or '~' or '^' or ':' or '?' or '*' or '[' or '"' or '<' or '>' or '|')
                return false;
        }

        foreach (string part in revision.Split('/'))
        {
            bool bad = part.Length == 0 || part[0] is '.' or '-' || part[^1] == '.'
                || part.Contains("..", StringComparison.Ordinal) || part.EndsWith(".lock", StringComparison.OrdinalIgnoreCase);
            if (bad)
                return false;
        }

        return true;
    }
}
