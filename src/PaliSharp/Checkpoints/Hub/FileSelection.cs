namespace PaliSharp.Checkpoints.Hub;

/// <summary>Chooses the files of a repository that PaliSharp can use.</summary>
/// <remarks>Only the top folder counts: subfolders hold other programs' forms of the same model.</remarks>
internal static class FileSelection
{
    private static readonly HashSet<string> Names = new(StringComparer.Ordinal)
    {
        "config.json", "generation_config.json", "preprocessor_config.json", "processor_config.json",
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
        "adapter_config.json", SnapshotCheck.IndexFile,
    };

    /// <summary>The files that do not depend on the list of shards.</summary>
    public static IEnumerable<ListedFile> ChooseSmall(IReadOnlyList<ListedFile> files)
        => files.Where(file => Names.Contains(file.Path) || (IsTop(file.Path) && HasSuffix(file.Path, ".model")) || IsMaskCodec(file.Path));

    /// <summary>The files with weights: the shards of the index, else one file, else all safetensors, else big_vision's archives.</summary>
    /// <param name="reference">The repository, for messages.</param>
    /// <param name="files">What it holds.</param>
    /// <param name="shards">What the index names, or null if there is none.</param>
    /// <exception cref="HubException">There are no weights, or the index names a file that the repository lacks.</exception>
    public static IEnumerable<ListedFile> ChooseWeights(
        ModelReference reference, IReadOnlyList<ListedFile> files, IReadOnlySet<string>? shards)
    {
        if (shards?.FirstOrDefault(shard => !files.Any(file => file.Path == shard)) is { } absent)
        {
            throw new HubRequestException(
                HubFailure.FileNotFound,
                $"{reference} is incomplete: {SnapshotCheck.IndexFile} names '{ModelReference.Shorten(absent)}', which the repository does not hold. "
                + "Tell its authors, or choose another revision.");
        }

        List<ListedFile> adapter = [.. files.Where(file => file.Path == "adapter_model.safetensors")];
        if (shards is not null)
            return [.. files.Where(file => shards.Contains(file.Path)), .. adapter.Where(file => !shards.Contains(file.Path))];

        List<ListedFile> tensors = [.. files.Where(file => IsTop(file.Path) && HasSuffix(file.Path, ".safetensors"))];
        if (tensors.Any(file => file.Path == "model.safetensors"))
            return [.. tensors.Where(file => file.Path == "model.safetensors"), .. adapter];
        if (tensors.Count > 0)
            return tensors;

        // The largest archives are published in pieces: NAME.npz.part0, NAME.npz.part1, …
        List<ListedFile> archives = [.. files.Where(file =>
            IsTop(file.Path) && (HasSuffix(file.Path, ".npz") || file.Path.Contains(".npz.part", StringComparison.OrdinalIgnoreCase)))];
        return archives.Count > 0
            ? archives.Where(file => !IsMaskCodec(file.Path))
            : throw new HubRequestException(
                HubFailure.FileNotFound,
                $"{reference} holds no weights that PaliSharp can read among its {files.Count} files. Expected *.safetensors or *.npz in its top folder; "
                + "choose another repository or revision.");
    }

    private static bool IsTop(string path) => !path.Contains('/');

    private static bool HasSuffix(string path, string suffix) => path.EndsWith(suffix, StringComparison.OrdinalIgnoreCase);

    // big_vision calls the decoder of segmentation masks vae-oid.npz.
    private static bool IsMaskCodec(string path)
        => IsTop(path) && HasSuffix(path, ".npz")
            && (path.Contains("mask", StringComparison.OrdinalIgnoreCase) || path.StartsWith("vae", StringComparison.OrdinalIgnoreCase));
}
