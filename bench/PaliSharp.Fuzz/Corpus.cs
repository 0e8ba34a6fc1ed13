using PaliSharp.Imaging;

namespace PaliSharp.Fuzz;

/// <summary>The files that mutations start from.</summary>
internal sealed class Corpus
{
    // Beyond this number of files new ones replace old ones, so that memory stays bounded.
    private const int MaxFiles = 4000;

    private readonly List<byte[]> _files = [];
    private readonly int _maxBytes;
    private int _replaced;
    private int _given;

    private Corpus(int maxBytes) => _maxBytes = maxBytes;

    /// <summary>The number of files.</summary>
    public int Count => _files.Count;

    /// <summary>The size of the largest file.</summary>
    public int LargestBytes => _files.Count == 0 ? 0 : _files.Max(file => file.Length);

    /// <summary>A file.</summary>
    public byte[] this[int index] => _files[index];

    /// <summary>Reads the files of a target. Formats are found from the content; files that cannot be identified count by their extension.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="target">The target.</param>
    /// <param name="maxBytes">Larger files are left out.</param>
    public static Corpus Read(string folder, FuzzTarget target, int maxBytes)
    {
        var corpus = new Corpus(maxBytes);

        // Sorted, because the order of the file system must not change the run.
        foreach (string path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            if (new FileInfo(path).Length > maxBytes)
                continue;
            byte[] data = File.ReadAllBytes(path);
            corpus._files.AddRange(target.Seeds(data, FormatOf(data, path)));
        }

        corpus._files.AddRange(target.Given);

        corpus._given = corpus._files.Count;
        return corpus;
    }

    /// <summary>Picks a file: as often one of those given as one of those kept, however many these are.</summary>
    public byte[] Pick(Random random) => _files[random.Next(random.Next(2) == 0 ? _given : _files.Count)];

    /// <summary>Keeps a file that did something new.</summary>
    public void Add(byte[] file)
    {
        if (file.Length > _maxBytes)
            return;
        if (_files.Count < MaxFiles)
            _files.Add(file);
        else if (_given < MaxFiles)
            _files[_given + (_replaced++ % (MaxFiles - _given))] = file;
    }

    private static ImageFormat FormatOf(byte[] data, string path)
    {
        try
        {
            return Image.Identify(data).Format;
        }
        catch (PaliSharpException)
        {
            string extension = Path.GetExtension(path).TrimStart('.');
            if (extension.Equals("jpg", StringComparison.OrdinalIgnoreCase))
                extension = "jpeg";
            return Enum.TryParse(extension, ignoreCase: true, out ImageFormat format) ? format : ImageFormat.None;
        }
    }
}
