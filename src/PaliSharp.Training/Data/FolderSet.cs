using System.Security.Cryptography;
using System.Text;

namespace PaliSharp.Training.Data;

/// <summary>Where the texts of a folder of pictures are.</summary>
public enum FolderTexts
{
    /// <summary>Beside <c>NAME.png</c> a file <c>NAME.txt</c> with the suffix.</summary>
    Files,

    /// <summary>The name of the folder that a picture lies in is its suffix, as in sets for classification; underscores are read as spaces.</summary>
    Folders,
}

/// <summary>The pictures of a folder and the folders in it, in the order of their paths.</summary>
internal sealed class FolderSet : ExampleSet
{
    private const int MaximumTextBytes = 1 << 20;
    private static readonly string[] Extensions = [".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".pgm", ".qoi", ".tga", ".tif", ".tiff", ".webp"];
    private readonly string _root;
    private readonly FolderTexts _texts;
    private readonly List<string> _pictures = [];

    /// <summary>Finds the pictures.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="texts">Where the texts are.</param>
    /// <param name="isTextNeeded">Whether a folder without any text is refused.</param>
    /// <exception cref="RecipeException">The folder cannot be read, or no picture has a text.</exception>
    public FolderSet(string root, FolderTexts texts, bool isTextNeeded = true)
    {
        (_root, _texts) = (root, texts);
        try
        {
            foreach (string file in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories))
            {
                if (Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
                    _pictures.Add(Path.GetRelativePath(root, file));
                if (_pictures.Count > MaximumItems)
                    throw new RecipeException($"'{root}' has more than {MaximumItems} pictures.");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RecipeException($"The folder '{root}' cannot be read: {e.Message}", e);
        }

        _pictures.Sort(StringComparer.Ordinal);
        Fingerprint = $"folder-{_pictures.Count}-{Hash()}";
        SuffixCheck.Require(root, _pictures.Count, isTextNeeded ? Suffix : index => _pictures[index]);
    }

    public override int Count => _pictures.Count;

    public override string Fingerprint { get; }

    public override DataItem Read(int index, ItemDraw draw) =>
        new([Path.Combine(_root, _pictures[index])], string.Empty, Suffix(index), $"{_pictures[index]} of {_root}");

    private string Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string name in _pictures)
            hash.AppendData(Encoding.UTF8.GetBytes($"{name}\n"));
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    private string Suffix(int index)
    {
        string picture = _pictures[index];
        if (_texts == FolderTexts.Folders)
            return Path.GetFileName(Path.GetDirectoryName(picture)!).Replace('_', ' ');
        string path = Path.Combine(_root, Path.ChangeExtension(picture, ".txt"));
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
                throw new BadItemException(BadItemKind.EmptySuffix, $"'{picture}' has no text beside it ('{Path.GetFileName(path)}').");
            return file.Length > MaximumTextBytes
                ? throw new BadItemException(BadItemKind.TextTooLong, $"'{path}' has {file.Length} bytes; at most {MaximumTextBytes} are read.")
                : File.ReadAllText(path, Encoding.UTF8).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadItemException(BadItemKind.Malformed, $"'{path}' cannot be read: {e.Message}", e);
        }
    }
}
