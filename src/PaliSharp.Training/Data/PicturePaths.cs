namespace PaliSharp.Training.Data;

/// <summary>Finds the files of pictures.</summary>
/// <param name="root">The folder that relative names start from.</param>
internal sealed class PicturePaths(string root)
{
    /// <summary>The file of a name.</summary>
    /// <exception cref="BadItemException">It cannot be the name of a file.</exception>
    public string Resolve(string name) => name.Length == 0 || name.Contains('\0', StringComparison.Ordinal)
        ? throw new BadItemException(BadItemKind.MissingPicture, $"'{name.Replace('\0', '?')}' is no name of a picture.")
        : Path.Combine(root, name);
}

/// <summary>What the columns of a CSV file, or the properties of JSON lines, are called.</summary>
public sealed record ColumnNames
{
    /// <summary>The picture.</summary>
    public string Image { get; init; } = "image";

    /// <summary>The prompt.</summary>
    public string Prefix { get; init; } = "prefix";

    /// <summary>What is to be learnt.</summary>
    public string Suffix { get; init; } = "suffix";
}
