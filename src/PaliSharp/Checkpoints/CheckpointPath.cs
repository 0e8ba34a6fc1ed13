namespace PaliSharp.Checkpoints;

/// <summary>Decides what a path holds.</summary>
internal static class CheckpointPath
{
    private static readonly string[] TokenizerNames = ["tokenizer.json", "tokenizer.model"];

    /// <summary>Finds the form of a checkpoint and where exactly it lies.</summary>
    /// <param name="path">A folder or file.</param>
    /// <returns>The form, and the folder (Hugging Face) or the file (big_vision).</returns>
    /// <exception cref="CheckpointException">It is neither, or it is not clear which.</exception>
    public static (CheckpointFormat Format, string Path) Resolve(string path)
    {
        if (File.Exists(path))
        {
            if (path.EndsWith(".npz", StringComparison.OrdinalIgnoreCase))
                return (CheckpointFormat.BigVision, path);
            if (path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
                throw new CheckpointException($"'{path}' is one file of a checkpoint; give the folder that also holds config.json.");
            throw new CheckpointException($"'{path}' is not a checkpoint; a Hugging Face folder or a big_vision .npz file was expected.{PartHint(path)}");
        }

        if (!Directory.Exists(path))
            throw new CheckpointException($"'{path}' does not exist. Give a folder with config.json and model.safetensors, or a big_vision .npz file.");

        // Weights decide: a folder of weights may hold small .npz files beside them, and a folder of .npz files a description of its own.
        if (ShardedFiles.Exist(path))
            return (CheckpointFormat.HuggingFace, path);
        string[] archives = [.. Directory.EnumerateFiles(path, "*.npz").Order(StringComparer.Ordinal)];
        return archives switch
        {
            [string only] => (CheckpointFormat.BigVision, only),
            [] => (CheckpointFormat.HuggingFace, path),
            _ => throw new CheckpointException(
                $"'{path}' holds {archives.Length} .npz files ({string.Join(", ", archives.Take(5).Select(System.IO.Path.GetFileName))}); give the path of one."),
        };
    }

    /// <summary>The folder with tokenizer files that belongs to a checkpoint.</summary>
    /// <param name="path">The checkpoint's folder or file.</param>
    /// <returns>The folder, or null if there are no tokenizer files.</returns>
    public static string? TokenizerFolder(string path)
    {
        string? folder = Directory.Exists(path) ? path : System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path));
        return folder is not null && TokenizerFiles(folder).Any() ? folder : null;
    }

    /// <summary>The names of the tokenizer files in a folder.</summary>
    /// <param name="folder">The folder.</param>
    public static IEnumerable<string> TokenizerFiles(string folder) =>
        TokenizerNames.Where(name => File.Exists(System.IO.Path.Combine(folder, name)));

    private static string PartHint(string path) => System.IO.Path.GetFileName(path).Contains(".npz.part", StringComparison.OrdinalIgnoreCase)
        ? " This is a part of a split .npz: join the parts byte by byte first (cat file.npz.part* > file.npz)."
        : "";
}
