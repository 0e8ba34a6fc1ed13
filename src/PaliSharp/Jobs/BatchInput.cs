namespace PaliSharp.Jobs;

/// <summary>How rows name their pictures.</summary>
public sealed record BatchInputOptions
{
    /// <summary>The column that names the picture.</summary>
    public string ImageColumn { get; init; } = "image";

    /// <summary>The folder that relative names start from; null for the folder of the input file.</summary>
    public string? ImageRoot { get; init; }
}

/// <summary>
/// What a job works on: the rows of a CSV or JSONL file, or a list of pictures. Rows are read one after another, so that the size of the file
/// does not matter.
/// </summary>
public abstract class BatchInput
{
    /// <summary>The longest row in characters.</summary>
    internal const int MaximumRowLength = 16 << 20;

    /// <summary>The most columns.</summary>
    internal const int MaximumColumns = 1024;

    /// <summary>Which rows these are, for a job to recognise its input by: the same rows give the same text.</summary>
    internal abstract string Identity { get; }

    /// <summary>The column that names the picture.</summary>
    internal abstract string ImageColumn { get; }

    /// <summary>Opens a CSV file: UTF-8, the first row names the columns, fields quoted as in RFC 4180.</summary>
    /// <param name="path">The file; a name in <c>.tsv</c> means tabs instead of commas.</param>
    /// <param name="options">How rows name their pictures; null for the defaults.</param>
    /// <exception cref="JobException">The file is missing or has no usable header.</exception>
    public static BatchInput FromCsv(string path, BatchInputOptions? options = null) => new CsvInput(path, options ?? new BatchInputOptions());

    /// <summary>Opens a JSONL file: UTF-8, one JSON object a line, whose properties are the columns; empty lines are passed over.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">How rows name their pictures; null for the defaults.</param>
    /// <exception cref="JobException">The file is missing.</exception>
    public static BatchInput FromJsonLines(string path, BatchInputOptions? options = null) => new JsonLinesInput(path, options ?? new BatchInputOptions());

    /// <summary>Takes a list of pictures: one row each, with the columns <c>image</c> and <c>name</c>, the file's name without folder and extension.</summary>
    /// <param name="paths">The pictures.</param>
    public static BatchInput FromPictures(IReadOnlyList<string> paths) => new PictureListInput(paths);

    /// <summary>Reads the rows; a row that cannot be used has a <see cref="BatchRow.Problem"/>.</summary>
    /// <exception cref="JobException">The file cannot be read on.</exception>
    public abstract IEnumerable<BatchRow> Read();

    /// <summary>Counts the rows and collects the columns, by reading everything once.</summary>
    internal virtual InputSummary Summarize()
    {
        var columns = new List<string>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        long rows = 0;
        foreach (BatchRow row in Read())
        {
            rows++;
            foreach ((string name, _) in row.Fields)
            {
                if (known.Count < MaximumColumns && known.Add(name))
                    columns.Add(name);
            }
        }

        return new InputSummary(rows, columns);
    }

    /// <summary>A row whose picture is named by a column.</summary>
    private protected static BatchRow WithImage(BatchRow row, BatchInputOptions options, string folder)
    {
        if (row.Problem is not null)
            return row;
        string? image = row[options.ImageColumn];
        if (string.IsNullOrWhiteSpace(image))
        {
            string problem = image is null ? $"The row has no column '{options.ImageColumn}', which names the picture." : $"The column '{options.ImageColumn}' is empty.";
            return row with { Problem = problem };
        }

        return image.Contains('\0', StringComparison.Ordinal)
            ? row with { Image = image, Problem = "The name of the picture holds a NUL character." }
            : row with { Image = image, Path = Path.GetFullPath(image, folder) };
    }

    private protected static string Folder(string path, BatchInputOptions options) =>
        Path.GetFullPath(options.ImageRoot ?? Path.GetDirectoryName(Path.GetFullPath(path))!);
}

/// <summary>What an input holds.</summary>
/// <param name="Rows">The number of rows.</param>
/// <param name="Columns">The columns, in the order in which they occur first.</param>
internal sealed record InputSummary(long Rows, IReadOnlyList<string> Columns);
