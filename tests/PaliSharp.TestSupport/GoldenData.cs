namespace PaliSharp.TestSupport;

/// <summary>
/// Finds the reference data. A small copy in the repository always exists; the large set is looked for where the environment variable
/// PALISHARP_GOLDEN points, or beside the checkout in <c>../shared/golden</c>.
/// </summary>
public static class GoldenData
{
    /// <summary>The root of the checkout.</summary>
    public static string RepositoryRoot { get; } = FindRepositoryRoot();

    /// <summary>The value of PALISHARP_GOLDEN, or null.</summary>
    public static string? Explicit { get; } = Environment.GetEnvironmentVariable("PALISHARP_GOLDEN") is { Length: > 0 } root ? root : null;

    /// <summary>The small copies in the repository.</summary>
    public static string Bundled { get; } = Path.Combine(RepositoryRoot, "tests", "golden");

    /// <summary>The roots to enumerate: the bundled copies, then the large set if there is one.</summary>
    public static IReadOnlyList<string> Roots { get; } = FindRoots();

    /// <summary>The existing folders <c>root/topic</c>.</summary>
    /// <param name="topic">A topic such as <c>paligemma</c>.</param>
    public static IEnumerable<string> Topic(string topic) => Roots.Select(root => Path.Combine(root, topic)).Where(Directory.Exists);

    /// <summary>
    /// Checks that cases were found. With PALISHARP_GOLDEN set, that folder must hold some of the topic; without it the bundled ones suffice.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="caseFiles">Where the cases were read from.</param>
    /// <exception cref="InvalidOperationException">There are none.</exception>
    public static void RequireCases(string topic, IEnumerable<string> caseFiles)
    {
        List<string> files = [.. caseFiles];
        if (files.Count == 0)
            throw new InvalidOperationException($"No case of the golden topic '{topic}' was found under {string.Join(", ", Roots)}.");
        if (Explicit is not null && !files.Exists(file => Path.GetFullPath(file).StartsWith(Path.GetFullPath(Explicit), StringComparison.Ordinal)))
            throw new InvalidOperationException($"PALISHARP_GOLDEN is set to '{Explicit}', which holds no case of the topic '{topic}'.");
    }

    private static List<string> FindRoots()
    {
        string large = Explicit ?? Path.Combine(RepositoryRoot, "..", "shared", "golden");
        var roots = new List<string>();
        if (Directory.Exists(Bundled))
            roots.Add(Bundled);
        if (Directory.Exists(large))
            roots.Add(Path.GetFullPath(large));
        else if (Explicit is not null)
            throw new DirectoryNotFoundException($"PALISHARP_GOLDEN is set to '{Explicit}', which is not a folder.");
        return roots;
    }

    private static string FindRepositoryRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "PaliSharp.slnx")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException($"No checkout of PaliSharp was found above '{AppContext.BaseDirectory}'.");
    }
}
