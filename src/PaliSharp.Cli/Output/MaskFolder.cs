using PaliSharp.Cli.Input;
using PaliSharp.Segmentation;

namespace PaliSharp.Cli.Output;

/// <summary>The folder that masks are written to, as <c>PICTURE-1.png</c>, <c>PICTURE-2.png</c> and so on.</summary>
internal sealed class MaskFolder
{
    private readonly string _folder;
    private readonly Dictionary<PictureInput, string> _stems = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<string> _inputs;

    /// <summary>Plans the names before any work is done.</summary>
    /// <param name="folder">The folder; it is created with the first mask.</param>
    /// <param name="pictures">The pictures whose objects are written.</param>
    /// <exception cref="UsageException">The path is a file.</exception>
    public MaskFolder(string folder, IReadOnlyList<PictureInput> pictures)
    {
        if (File.Exists(folder))
            throw new UsageException($"--masks {folder}: that is a file. Name a folder.");
        _folder = folder;
        _inputs = new HashSet<string>(
            pictures.Where(picture => !picture.IsStandardInput).Select(picture => Path.GetFullPath(picture.Name)), StringComparer.OrdinalIgnoreCase);
        var used = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (PictureInput picture in pictures)
        {
            // Pictures of one name in several folders get numbers.
            string stem = picture.Stem;
            for (int number = 2; !used.Add(stem); number++)
                stem = $"{picture.Stem}-{number}";
            _stems.Add(picture, stem);
        }
    }

    /// <summary>Writes the mask of an object.</summary>
    /// <param name="picture">The picture it is in.</param>
    /// <param name="index">The object's place in the picture, from 0.</param>
    /// <param name="mask">The mask.</param>
    /// <returns>The file.</returns>
    /// <exception cref="UsageException">The file is one of the pictures.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public string Write(PictureInput picture, int index, Mask mask)
    {
        Directory.CreateDirectory(_folder);
        string path = Path.Combine(_folder, $"{_stems[picture]}-{index + 1}.png");
        if (_inputs.Contains(Path.GetFullPath(path)))
            throw new UsageException($"--masks {_folder}: '{path}' is one of the pictures and would be overwritten. Name another folder.");
        mask.SavePng(path);
        return path;
    }
}
