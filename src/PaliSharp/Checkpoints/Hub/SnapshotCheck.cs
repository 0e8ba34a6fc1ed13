using System.Text.Json;

namespace PaliSharp.Checkpoints.Hub;

/// <summary>Tells whether a snapshot was fetched far enough to be loaded, from the names of its files alone.</summary>
internal static class SnapshotCheck
{
    /// <summary>The name of the list of shards.</summary>
    public const string IndexFile = "model.safetensors.index.json";

    private const int LongestIndex = 64 * 1024 * 1024;

    /// <summary>What is missing in a snapshot; empty if it can be loaded.</summary>
    public static IReadOnlyList<string> FindMissing(string folder)
    {
        if (Exists(folder, IndexFile))
        {
            List<string> missing = [.. ReadShards(Path.Combine(folder, IndexFile)).Where(shard => !Exists(folder, shard)).Order()];
            if (!Exists(folder, "config.json"))
                missing.Add("config.json");
            return missing;
        }

        if (HasFile(folder, "*.npz") && !Exists(folder, "config.json") && !Exists(folder, "adapter_config.json"))
            return [];
        if (Exists(folder, "adapter_config.json"))
            return Exists(folder, "adapter_model.safetensors") ? [] : ["adapter_model.safetensors"];
        if (!Exists(folder, "config.json"))
            return ["config.json"];
        return HasFile(folder, "*.safetensors") || HasFile(folder, "*.npz") ? [] : ["model.safetensors"];
    }

    /// <summary>The shards that an index names.</summary>
    /// <exception cref="HubException">The index is too long or is not an index.</exception>
    public static IReadOnlySet<string> ReadShards(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            if (stream.Length > LongestIndex)
                throw NotAnIndex(path, $"it has {stream.Length} bytes, more than {LongestIndex}");
            using JsonDocument document = JsonDocument.Parse(stream);
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("weight_map", out JsonElement map) || map.ValueKind != JsonValueKind.Object)
            {
                throw NotAnIndex(path, "it has no object 'weight_map'");
            }

            var shards = new HashSet<string>(StringComparer.Ordinal);
            foreach (JsonProperty tensor in map.EnumerateObject())
            {
                string? shard = tensor.Value.ValueKind == JsonValueKind.String ? tensor.Value.GetString() : null;
                if (shard is null || RepositoryPath.FindFault(shard) is not null)
                    throw NotAnIndex(path, $"tensor '{ModelReference.Shorten(tensor.Name)}' names no safe file");
                shards.Add(shard);
            }

            return shards;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw NotAnIndex(path, e.Message, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw HubCache.Unusable(path, e);
        }
    }

    private static bool Exists(string folder, string file) => HubCache.HasContent(Path.Combine(folder, file));

    private static bool HasFile(string folder, string pattern) => Directory.EnumerateFiles(folder, pattern).Any(HubCache.HasContent);

    private static HubRequestException NotAnIndex(string path, string reason, Exception? cause = null) => new(
        HubFailure.BadAnswer,
        $"{path} is not a list of safetensors shards: {reason}. Expected JSON with an object 'weight_map' from tensor to file; "
        + "delete the file and pull again, or tell the model's authors.",
        cause);
}
