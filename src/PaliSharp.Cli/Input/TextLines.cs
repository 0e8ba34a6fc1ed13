namespace PaliSharp.Cli.Input;

/// <summary>Lists of labels and other texts, named one by one or in a file.</summary>
internal static class TextLines
{
    /// <summary>Reads a list.</summary>
    /// <param name="named">Those named by options.</param>
    /// <param name="file">A file with one a line; null for none.</param>
    /// <param name="what">What they are, such as <c>label</c>; the options are called <c>--label</c> and <c>--label-file</c>.</param>
    /// <exception cref="UsageException">There is none, or one is empty.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static List<string> Read(IEnumerable<string> named, FileInfo? file, string what)
    {
        List<string> lines = [.. named.Select(line => line.Trim())];
        if (file is not null)
        {
            lines.AddRange(File.ReadLines(file.FullName).Select(line => line.Trim()).Where(line => line.Length > 0));
            if (lines.Count == 0)
                throw new UsageException($"--{what}-file {file}: there is no {what} in it. Write one a line.");
        }

        if (lines.Count == 0)
            throw new UsageException($"There is no {what}. Give some with --{what} or --{what}-file.");
        return lines.Contains(string.Empty) ? throw new UsageException($"One of the {what}s is empty. Name it or leave it out.") : lines;
    }
}
