namespace PaliSharp.Checkpoints.Hub;

/// <summary>Guards against file names from a hub that would leave the snapshot's folder.</summary>
internal static class RepositoryPath
{
    private const int Longest = 1000;

    /// <summary>What is wrong with a path in a repository, or null if it is safe below a folder on every system.</summary>
    public static string? FindFault(string path)
    {
        if (path.Length is 0 or > Longest)
            return $"its length is {path.Length}";
        if (path[0] == '/')
            return "it is absolute";
        if (path.Contains('\\'))
            return "it holds a backslash";
        // A drive is refused everywhere. On Windows any other colon would name a hidden stream of another file.
        if (path.Contains(':') && (path.IndexOf(':') == 1 || OperatingSystem.IsWindows()))
            return "it holds a colon";
        if (path.Any(char.IsControl) || !IsWellFormed(path))
            return "it holds characters that no file name has";
        foreach (string part in path.Split('/'))
        {
            if (part.Length == 0)
                return "a part of it is empty";
            // Windows drops dots and blanks at the end, so that '.. ' would become '..'.
            if (part is "." or ".." || part.TrimEnd('.', ' ').Length == 0)
                return "it leaves its folder";
        }

        return null;
    }

    private static bool IsWellFormed(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1]))
                return false;
            i++;
        }

        return true;
    }
}
