using PaliSharp.Cli.Input;
using PaliSharp.Imaging;

namespace PaliSharp.Cli.Output;

/// <summary>Where drawn pictures go: one file, a folder, or a name with <c>{name}</c> for the name of each picture.</summary>
internal sealed class DrawTarget
{
    private const string NameHole = "{name}";

    private readonly Dictionary<PictureInput, string> _paths;

    private DrawTarget(Dictionary<PictureInput, string> paths) => _paths = paths;

    /// <summary>Plans the files before any work is done.</summary>
    /// <param name="target">The path as given.</param>
    /// <param name="pictures">The pictures that will be drawn on.</param>
    /// <exception cref="UsageException">The path does not fit the pictures, or a picture would be overwritten.</exception>
    public static DrawTarget Plan(string target, IReadOnlyList<PictureInput> pictures)
    {
        bool isFolder = Directory.Exists(target) || Path.EndsInDirectorySeparator(target);
        string pattern = isFolder ? Path.Combine(target, $"{NameHole}.png") : target;
        bool hasHole = pattern.Contains(NameHole, StringComparison.Ordinal);
        if (!pattern.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--draw {target}: boxes are drawn into PNG files. End the name in .png, or name an existing folder.");
        if (pictures.Count > 1 && !hasHole)
            throw new UsageException($"--draw {target}: there are {pictures.Count} pictures. Name a folder, or a file with {NameHole} in its name.");

        HashSet<string> inputs = [.. pictures.Where(picture => !picture.IsStandardInput).Select(picture => RealPath(picture.Name))];
        var paths = new Dictionary<PictureInput, string>(ReferenceEqualityComparer.Instance);
        var used = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (PictureInput picture in pictures)
        {
            string path = Unused(pattern, picture.Stem, hasHole, used);
            if (inputs.Contains(RealPath(path)))
                throw new UsageException($"--draw {target}: '{path}' is one of the pictures and would be overwritten. Choose another name.");
            paths.Add(picture, path);
        }

        if (!isFolder && Path.GetDirectoryName(Path.GetFullPath(target)) is { } parent && !Directory.Exists(parent))
            throw new UsageException($"--draw {target}: there is no folder '{parent}'.");
        return new DrawTarget(paths);
    }

    /// <summary>Writes a drawn picture.</summary>
    /// <param name="picture">The picture it was drawn on.</param>
    /// <param name="drawn">The result.</param>
    /// <returns>The file.</returns>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public string Write(PictureInput picture, Image drawn)
    {
        string path = _paths[picture];
        if (Path.GetDirectoryName(path) is { Length: > 0 } folder)
            Directory.CreateDirectory(folder);
        drawn.SavePng(path);
        return path;
    }

    // Pictures of one name in several folders get numbers.
    private static string Unused(string pattern, string stem, bool hasHole, HashSet<string> used)
    {
        string path = pattern.Replace(NameHole, stem, StringComparison.Ordinal);
        for (int number = 2; hasHole && !used.Add(path); number++)
            path = pattern.Replace(NameHole, $"{stem}-{number}", StringComparison.Ordinal);
        return path;
    }

    // The file itself, whatever name leads to it.
    private static string RealPath(string path)
    {
        var file = new FileInfo(path);
        string full = file.Exists ? file.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? file.FullName : file.FullName;
        return OperatingSystem.IsLinux() ? full : full.ToUpperInvariant();
    }
}
