using PaliSharp.Jobs;

namespace PaliSharp.Cli.Input;

/// <summary>Turns the arguments of <c>batch</c> into rows.</summary>
internal static class BatchSource
{
    private static readonly string[] CsvExtensions = [".csv", ".tsv"];
    private static readonly string[] JsonLinesExtensions = [".jsonl", ".ndjson"];

    /// <summary>Opens the input.</summary>
    /// <param name="arguments">One CSV or JSONL file, or pictures, patterns and folders.</param>
    /// <param name="imageColumn">The column that names the picture; null for <c>image</c>.</param>
    /// <param name="imageRoot">Where relative names of pictures start; null for the folder of the input file.</param>
    /// <exception cref="UsageException">The arguments do not go together.</exception>
    /// <exception cref="JobException">The file cannot be used.</exception>
    public static BatchInput Open(IReadOnlyList<string> arguments, string? imageColumn, string? imageRoot)
    {
        if (arguments.Contains(PictureInput.StandardInput))
            throw new UsageException("A job cannot read standard input (-): it could not go on after an interruption.");
        if (arguments.FirstOrDefault(IsTable) is not { } table)
        {
            if (imageColumn is not null || imageRoot is not null)
                throw new UsageException("--image-column and --image-root are about CSV and JSONL files, but the input is pictures.");
            return BatchInput.FromPictures([.. PictureFinder.Find(arguments).Select(picture => picture.Name)]);
        }

        if (arguments.Count > 1)
            throw new UsageException($"'{table}' is a table of pictures; it must be the only input.");
        var options = new BatchInputOptions { ImageRoot = imageRoot };
        if (imageColumn is not null)
            options = options with { ImageColumn = imageColumn };
        return HasExtension(table, CsvExtensions) ? BatchInput.FromCsv(table, options) : BatchInput.FromJsonLines(table, options);
    }

    private static bool IsTable(string argument) => HasExtension(argument, CsvExtensions) || HasExtension(argument, JsonLinesExtensions);

    private static bool HasExtension(string path, string[] extensions) => extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);
}
