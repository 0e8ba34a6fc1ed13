using System.Security.Cryptography;
using System.Text;

namespace PaliSharp.Jobs;

/// <summary>A list of pictures.</summary>
internal sealed class PictureListInput : BatchInput
{
    private readonly IReadOnlyList<string> _paths;

    public PictureListInput(IReadOnlyList<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        _paths = paths;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string path in paths)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(path));
            hash.AppendData([0]); // no path holds it, so that two lists never look alike
        }

        Identity = $"{paths.Count} pictures {Convert.ToHexStringLower(hash.GetHashAndReset())} in {Directory.GetCurrentDirectory()}";
    }

    internal override string Identity { get; }

    internal override string ImageColumn => "image";

    public override IEnumerable<BatchRow> Read()
    {
        for (int i = 0; i < _paths.Count; i++)
            yield return Row(i, _paths[i]);
    }

    internal override InputSummary Summarize() => new(_paths.Count, ["image", "name"]);

    private static BatchRow Row(int index, string path) => new(index, [new("image", path), new("name", Path.GetFileNameWithoutExtension(path))])
    {
        Image = path,
        Path = path.Contains('\0', StringComparison.Ordinal) ? null : Path.GetFullPath(path),
        Problem = path.Contains('\0', StringComparison.Ordinal) ? "The name of the picture holds a NUL character." : null,
    };
}
