using System.IO.Enumeration;

namespace PaliSharp.Cli.Input;

/// <summary>File name patterns, for shells that do not expand them: <c>*</c> and <c>?</c> within a name, <c>**</c> for any folders.</summary>
internal static class FilePattern
{
    private static readonly EnumerationOptions Habits = new() { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = true };

    /// <summary>Whether an argument has wildcards.</summary>
    public static bool IsPattern(string argument) => argument.AsSpan().ContainsAny('*', '?');

    /// <summary>The files that match, sorted.</summary>
    /// <param name="pattern">The pattern; relative ones start at the working folder.</param>
    public static IReadOnlyList<string> Find(string pattern)
    {
        string root = Path.GetPathRoot(pattern) ?? "";
        string[] parts = pattern[root.Length..].Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries);
        IEnumerable<string> folders = [root];
        foreach (string part in parts[..^1])
            folders = folders.SelectMany(folder => Step(folder, part)).Distinct();
        string last = parts[^1];
        return last == "**"
            ? Sort(folders.SelectMany(FoldersBelow).SelectMany(folder => Files(folder, "*")))
            : Sort(folders.SelectMany(folder => Files(folder, last)));
    }

    private static string[] Sort(IEnumerable<string> files) => [.. files.Distinct().Order(StringComparer.Ordinal)];

    private static IEnumerable<string> Step(string folder, string part)
    {
        if (part == "**")
            return FoldersBelow(folder);
        if (!IsPattern(part))
            return [Path.Combine(folder, part)];
        return Folders(folder).Where(path => Matches(part, path));
    }

    // Leaves links out: one to a folder above would never end.
    private static IEnumerable<string> FoldersBelow(string folder) =>
        Folders(folder).Where(path => Matches("*", path) && new DirectoryInfo(path).LinkTarget is null).SelectMany(FoldersBelow).Prepend(folder);

    private static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.Exists(OrHere(folder)) ? Directory.EnumerateFiles(OrHere(folder), "*", Habits).Where(path => Matches(pattern, path)).Select(path => Name(folder, path)) : [];

    private static IEnumerable<string> Folders(string folder) =>
        Directory.Exists(OrHere(folder)) ? Directory.EnumerateDirectories(OrHere(folder), "*", Habits).Select(path => Name(folder, path)) : [];

    // As shells do: a wildcard does not match a leading dot.
    private static bool Matches(string pattern, string path)
    {
        ReadOnlySpan<char> name = Path.GetFileName(path.AsSpan());
        return (name[0] != '.' || pattern[0] == '.') && FileSystemName.MatchesSimpleExpression(pattern, name, OperatingSystem.IsWindows());
    }

    private static string OrHere(string folder) => folder.Length == 0 ? "." : folder;

    private static string Name(string folder, string path) => Path.Combine(folder, Path.GetFileName(path));
}
