using System.Text.Json;
using System.Text.Json.Nodes;
using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Training.Optimisers;

namespace PaliSharp.Training.Checkpoints;

/// <summary>
/// Writes a checkpoint as the published ones are: weights in safetensors files under the published names, <c>config.json</c>,
/// <c>preprocessor_config.json</c>, tokenizer files. transformers and this library open it.
/// </summary>
public static class CheckpointFolderWriter
{
    private const long DefaultShardBytes = 5_000_000_000;

    private static readonly string[] CompanionFiles =
    [
        "generation_config.json", "special_tokens_map.json", "tokenizer_config.json", "tokenizer.json", "tokenizer.model", "added_tokens.json",
        "mask_codec.npz",
    ];

    /// <summary>Writes a folder. Existing files of the same names are replaced, each at once.</summary>
    /// <param name="folder">The folder; created if missing.</param>
    /// <param name="source">The folder of the checkpoint that training began with: what is not about weights is taken from there.</param>
    /// <param name="config">The geometry, which decides over the source's.</param>
    /// <param name="preprocessing">How pictures are prepared.</param>
    /// <param name="weights">The weights by canonical name, in floating-point types.</param>
    /// <param name="type"><see cref="WeightType.Float32"/> or <see cref="WeightType.BFloat16"/>.</param>
    /// <param name="shardBytes">The largest file; 0 for the usual 5 GB.</param>
    /// <param name="keepsSourceConfig">Whether fields of the source's <c>config.json</c> that are not about geometry are kept.</param>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    /// <exception cref="CheckpointException">The source's configuration is malformed.</exception>
    public static void Write(
        string folder,
        string source,
        PaliGemmaConfig config,
        ImagePreprocessing preprocessing,
        IReadOnlyCollection<Weight> weights,
        WeightType type,
        long shardBytes = 0,
        bool keepsSourceConfig = true)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentException.ThrowIfNullOrEmpty(source);
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(preprocessing);
        ArgumentNullException.ThrowIfNull(weights);
        Directory.CreateDirectory(folder);
        string? from = Directory.Exists(source) ? source : Path.GetDirectoryName(Path.GetFullPath(source));
        foreach (string name in CompanionFiles)
        {
            if (from is not null && File.Exists(Path.Combine(from, name)))
                Copy(Path.Combine(from, name), Path.Combine(folder, name));
        }

        WriteWeights(folder, weights, type, shardBytes == 0 ? DefaultShardBytes : shardBytes);
        WriteJson(Path.Combine(folder, "preprocessor_config.json"), PreprocessorConfig(preprocessing, config));
        WriteJson(Path.Combine(folder, "config.json"), ModelConfigJson.Write(from is null || !keepsSourceConfig ? null : Path.Combine(from, "config.json"), config, type));
    }

    private static void Copy(string from, string to)
    {
        if (Path.GetFullPath(from) == Path.GetFullPath(to))
            return;
        AtomicFile.Write(to, stream =>
        {
            using FileStream file = File.OpenRead(from);
            file.CopyTo(stream);
        });
    }

    private static void WriteWeights(string folder, IReadOnlyCollection<Weight> weights, WeightType type, long shardBytes)
    {
        var shards = new List<List<SafetensorsContent>> { new() };
        long filled = 0;
        long total = 0;
        foreach (Weight weight in weights)
        {
            SafetensorsContent content = Content(weight, type);
            if (filled > 0 && filled + content.ByteLength > shardBytes)
            {
                shards.Add([]);
                filled = 0;
            }

            shards[^1].Add(content);
            filled += content.ByteLength;
            total += content.ByteLength;
        }

        var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" };
        string index = Path.Combine(folder, "model.safetensors.index.json");
        if (shards.Count == 1)
        {
            SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), shards[0], metadata);
            File.Delete(index);
            return;
        }

        var map = new JsonObject();
        for (int i = 0; i < shards.Count; i++)
        {
            string name = $"model-{i + 1:D5}-of-{shards.Count:D5}.safetensors";
            SafetensorsWriter.Write(Path.Combine(folder, name), shards[i], metadata);
            foreach (SafetensorsContent content in shards[i])
                map[content.Name] = name;
        }

        WriteJson(index, new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = total }, ["weight_map"] = map });
        File.Delete(Path.Combine(folder, "model.safetensors"));
    }

    private static SafetensorsContent Content(Weight weight, WeightType type) => weight.Type == type
        ? SafetensorsContent.Of(weight)
        : new SafetensorsContent(weight.Name, type, weight.Shape, stream => WriteAs(weight, type, stream));

    private static void WriteAs(Weight weight, WeightType type, Stream stream)
    {
        const int Chunk = 1 << 20;
        long count = weight.Shape.Count;
        float[] values = new float[Math.Min(Chunk, count)];
        byte[] bytes = new byte[values.Length * Weight.ElementSize(type)];
        for (long start = 0; start < count; start += Chunk)
        {
            Span<float> run = values.AsSpan(0, (int)Math.Min(Chunk, count - start));
            weight.CopyTo(start, run.Length, run);
            if (type == WeightType.Float32)
            {
                stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(run));
                continue;
            }

            for (int i = 0; i < run.Length; i++)
                BitConverter.TryWriteBytes(bytes.AsSpan(2 * i), BFloat16Rounding.Round(run[i]));
            stream.Write(bytes.AsSpan(0, 2 * run.Length));
        }
    }

    private static JsonObject PreprocessorConfig(ImagePreprocessing preprocessing, PaliGemmaConfig config) => new()
    {
        ["do_convert_rgb"] = null,
        ["do_normalize"] = true,
        ["do_rescale"] = true,
        ["do_resize"] = true,
        ["image_mean"] = new JsonArray([.. preprocessing.Mean.Select(value => JsonValue.Create((double)(decimal)value))]),
        ["image_processor_type"] = "SiglipImageProcessor",
        ["image_seq_length"] = config.ImageTokens,
        ["image_std"] = new JsonArray([.. preprocessing.Std.Select(value => JsonValue.Create((double)(decimal)value))]),
        ["processor_class"] = "PaliGemmaProcessor",
        ["resample"] = preprocessing.Resample,
        ["rescale_factor"] = preprocessing.RescaleFactor,
        ["size"] = new JsonObject { ["height"] = config.Vision.ImageSize, ["width"] = config.Vision.ImageSize },
    };

    private static void WriteJson(string path, JsonObject content) => AtomicFile.Write(path, stream =>
    {
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        content.WriteTo(json);
    });
}
