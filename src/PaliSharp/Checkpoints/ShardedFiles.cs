namespace PaliSharp.Checkpoints;

/// <summary>The safetensors files of a folder: one file, or the shards that an index lists.</summary>
internal sealed class ShardedFiles : IDisposable
{
    private const string SingleName = "model.safetensors";
    private const string IndexName = "model.safetensors.index.json";
    private const int MaximumShards = 10_000;
    private readonly List<SafetensorsFile> _files = [];

    private ShardedFiles()
    {
    }

    /// <summary>The tensors of all files.</summary>
    public List<FoundTensor> Tensors { get; } = [];

    /// <summary>The length of all files in bytes.</summary>
    public long ByteLength => _files.Sum(file => file.ByteLength);

    /// <summary>Whether a folder holds weights in this form.</summary>
    /// <param name="folder">The folder.</param>
    public static bool Exist(string folder) => File.Exists(Path.Combine(folder, SingleName)) || File.Exists(Path.Combine(folder, IndexName));

    /// <summary>Opens the files of a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="CheckpointException">There are none, one is missing or malformed, or the index contradicts the shards.</exception>
    public static ShardedFiles Open(string folder)
    {
        var result = new ShardedFiles();
        try
        {
            if (File.Exists(Path.Combine(folder, SingleName)))
                result.Add(folder, SingleName);
            else if (File.Exists(Path.Combine(folder, IndexName)))
                result.AddIndexed(folder);
            else
                throw new CheckpointException($"'{folder}' has neither {SingleName} nor {IndexName}.{OtherForms(folder)}");
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    /// <summary>Unmaps all files.</summary>
    public void Dispose()
    {
        foreach (SafetensorsFile file in _files)
            file.Dispose();
    }

    private static string OtherForms(string folder)
    {
        if (Directory.EnumerateFiles(folder, "*.bin").Any() || Directory.EnumerateFiles(folder, "*.pt*").Any())
            return " It holds weights as Python pickles, which can run code and are not read: convert them to safetensors.";
        if (File.Exists(Path.Combine(folder, "adapter_config.json")))
            return " It holds an adapter: load its base model and add the adapter to it.";
        return " Check the path, or download the checkpoint again.";
    }

    private SafetensorsFile Add(string folder, string name)
    {
        SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, name));
        _files.Add(file);
        foreach (SafetensorsEntry entry in file.Tensors)
        {
            Tensors.Add(new FoundTensor(
                entry.Name,
                entry.Type.Name,
                entry.Type.WeightType is not null,
                entry.Shape,
                entry.ByteLength,
                weightName => file.GetWeight(entry.Name, weightName)));
        }

        return file;
    }

    private void AddIndexed(string folder)
    {
        string indexPath = Path.Combine(folder, IndexName);
        ConfigSection index = ConfigSection.Load(indexPath);
        if (index.Section("weight_map") is not { } map)
            throw index.Bad("weight_map", "an object of tensor name to file name");

        var problems = new Problems();
        var shardOf = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string tensor in map.Keys)
            shardOf[tensor] = ShardName(map, tensor);
        string[] shards = [.. shardOf.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (shards.Length > MaximumShards)
            throw new CheckpointException($"'{indexPath}' names {shards.Length} files; at most {MaximumShards} are allowed.");
        foreach (string shard in shards)
        {
            if (!File.Exists(Path.Combine(folder, shard)))
                problems.Add("missing files", $"'{Problems.Shorten(shard)}'");
        }

        problems.ThrowIfAny($"'{indexPath}' names files that are not there", "Download the checkpoint again.");

        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string shard in shards)
        {
            foreach (SafetensorsEntry entry in Add(folder, shard).Tensors)
            {
                string name = Problems.Shorten(entry.Name);
                if (!found.TryAdd(entry.Name, shard))
                    problems.Add("in two files", $"'{name}' in '{found[entry.Name]}' and '{shard}'");
                else if (!shardOf.TryGetValue(entry.Name, out string? listed))
                    problems.Add("not listed in the index", $"'{name}' in '{shard}'");
                else if (listed != shard)
                    problems.Add("in another file than listed", $"'{name}' is in '{shard}', listed in '{listed}'");
            }
        }

        foreach ((string tensor, string shard) in shardOf)
        {
            if (!found.ContainsKey(tensor))
                problems.Add("listed in the index but in no file", $"'{Problems.Shorten(tensor)}' ('{shard}')");
        }

        problems.ThrowIfAny($"'{indexPath}' and its files contradict each other", "Download the checkpoint again.");
    }

    // A plain file name only: an index must not reach outside its folder, nor name itself.
    private static string ShardName(ConfigSection map, string tensor)
    {
        string name = map.Text(tensor) ?? "";
        bool plain = name.EndsWith(".safetensors", StringComparison.Ordinal)
            && name.Length <= 255
            && name.AsSpan().IndexOfAny(['/', '\\', ':']) < 0
            && !name.Any(char.IsControl);
        return plain ? name : throw map.Bad(tensor, "the name of a .safetensors file in the same folder");
    }
}
