namespace PaliSharp.Server.Pictures;

/// <summary>Hosts of an allow-list.</summary>
internal static class HostPattern
{
    private const string Any = "*";
    private const string Below = "*.";

    /// <summary>Whether a pattern makes sense.</summary>
    public static bool IsValid(string pattern)
    {
        string host = pattern.StartsWith(Below, StringComparison.Ordinal) ? pattern[Below.Length..] : pattern;
        return pattern == Any || Uri.CheckHostName(host.Trim('[', ']')) != UriHostNameType.Unknown;
    }

    /// <summary>Whether a host fits a pattern.</summary>
    /// <param name="pattern">A name, an address, <c>*.name</c> or <c>*</c>.</param>
    /// <param name="host">A name or an address, as <see cref="Uri.IdnHost"/> gives it.</param>
    public static bool Matches(string pattern, string host)
    {
        host = host.TrimEnd('.');
        return pattern == Any
            || (pattern.StartsWith(Below, StringComparison.Ordinal)
                ? host.EndsWith(pattern[1..], StringComparison.OrdinalIgnoreCase)
                : string.Equals(host, pattern.Trim('[', ']'), StringComparison.OrdinalIgnoreCase));
    }
}
