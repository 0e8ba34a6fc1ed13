using System.Text.Json.Nodes;
using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Training.Checkpoints;

/// <summary>
/// Stage 0 to stage 1: joins an image encoder (SigLIP) and a decoder (Gemma) as published into a PaliGemma that has never seen a picture:
/// the projector is zero, and the rows of <c>&lt;loc&gt;</c> and <c>&lt;seg&gt;</c> tokens are drawn from N(0, 0.02²).
/// </summary>
public static unsafe class CheckpointAssembler
{
    private const double RowDeviation = 0.02;
    private const string EmbeddingName = "model.embed_tokens.weight";

    /// <summary>Writes the joined checkpoint in float32.</summary>
    /// <param name="visionFolder">A Hugging Face folder of a SigLIP (image and text, or the image encoder alone).</param>
    /// <param name="textFolder">A Hugging Face folder of a Gemma or Gemma 2.</param>
    /// <param name="tokenizerFolder">A folder with the tokenizer of PaliGemma, whose last tokens are <c>&lt;loc&gt;</c>, <c>&lt;seg&gt;</c> and <c>&lt;image&gt;</c>.</param>
    /// <param name="target">The folder to write.</param>
    /// <param name="imageTokenId">The id of <c>&lt;image&gt;</c>; the rows of the table become the next multiple of 64 above it.</param>
    /// <param name="seed">Determines the new rows.</param>
    /// <exception cref="CheckpointException">A folder lacks something or holds another kind of model.</exception>
    public static void Assemble(
        string visionFolder, string textFolder, string tokenizerFolder, string target, int imageTokenId = 257152, ulong seed = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(visionFolder);
        ArgumentException.ThrowIfNullOrEmpty(textFolder);
        ArgumentException.ThrowIfNullOrEmpty(tokenizerFolder);
        ArgumentException.ThrowIfNullOrEmpty(target);
        if (!File.Exists(Path.Combine(tokenizerFolder, "tokenizer.json")) && !File.Exists(Path.Combine(tokenizerFolder, "tokenizer.model")))
            throw new CheckpointException($"'{tokenizerFolder}' has neither tokenizer.json nor tokenizer.model. Give a folder with the tokenizer of a PaliGemma.");
        using ShardedFiles vision = ShardedFiles.Open(visionFolder);
        using ShardedFiles text = ShardedFiles.Open(textFolder);
        PaliGemmaConfig config = ReadConfig(visionFolder, textFolder, imageTokenId);
        Dictionary<string, FoundTensor> found = new(StringComparer.Ordinal);
        foreach (FoundTensor tensor in vision.Tensors)
        {
            int start = tensor.Name.IndexOf("vision_model.", StringComparison.Ordinal);
            if (start >= 0)
                found[$"vision_tower.{tensor.Name[start..]}"] = tensor;
        }

        foreach (FoundTensor tensor in text.Tensors)
            found[$"language_model.{tensor.Name}"] = tensor;
        var random = new GaussianRandom(seed);
        Weight[] weights = [.. ModelTensors.Of(config).Select(entry => entry.Name switch
        {
            TensorNames.Embedding => Extend(Take(found, $"language_model.{EmbeddingName}", null, textFolder), entry.Shape, random),
            _ when entry.Name.StartsWith("multi_modal_projector.", StringComparison.Ordinal) => Zeros(entry.Name, entry.Shape),
            _ => Take(found, entry.Name, entry.Shape, entry.Name.StartsWith("vision", StringComparison.Ordinal) ? visionFolder : textFolder),
        })];
        CheckpointFolderWriter.Write(
            target, tokenizerFolder, config, new ImagePreprocessing { Size = config.Vision.ImageSize }, weights, WeightType.Float32,
            keepsSourceConfig: false);
    }

    private static PaliGemmaConfig ReadConfig(string visionFolder, string textFolder, int imageTokenId)
    {
        JsonObject vision = ReadObject(visionFolder);
        var joined = new JsonObject
        {
            ["model_type"] = "paligemma",
            ["image_token_index"] = imageTokenId,
            ["vision_config"] = (vision["vision_config"] ?? vision).DeepClone(),
            ["text_config"] = ReadObject(textFolder).DeepClone(),
        };
        joined["text_config"]!["vocab_size"] = (imageTokenId / 64 * 64) + 64;
        string folder = Directory.CreateTempSubdirectory("palisharp-assemble-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "config.json"), joined.ToJsonString());
            return HuggingFaceConfig.Load(folder, []).Config;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static JsonObject ReadObject(string folder) => ModelConfigJson.Read(Path.Combine(folder, "config.json")) is { Count: > 0 } config
        ? config
        : throw new CheckpointException($"'{folder}' has no config.json.");

    private static Weight Take(Dictionary<string, FoundTensor> found, string name, TensorShape? shape, string folder)
    {
        if (!found.TryGetValue(name, out FoundTensor? tensor))
            throw new CheckpointException($"'{folder}' has no tensor for '{name}'. Give folders of a SigLIP and of a Gemma as published.");
        Weight weight = tensor.Open(name);
        return shape is null || weight.Shape == shape
            ? weight
            : throw new CheckpointException($"'{tensor.Name}' in '{folder}' is {weight.Shape}; the configuration asks for {shape}.");
    }

    private static Weight Zeros(string name, TensorShape shape)
    {
        var memory = new NativeBuffer(shape.Count * sizeof(float));
        return new Weight(name, WeightType.Float32, shape, memory.Pointer, memory);
    }

    private static Weight Extend(Weight table, TensorShape shape, GaussianRandom random)
    {
        if (table.Shape[1] != shape[1] || table.Shape[0] > shape[0])
            throw new CheckpointException($"The embedding table is {table.Shape}; one of at most {shape} was expected.");
        const int Chunk = 1 << 24;
        var memory = new NativeBuffer(shape.Count * sizeof(float));
        var values = (float*)memory.Pointer;
        long known = table.Shape.Count;
        for (long start = 0; start < known; start += Chunk)
        {
            int length = (int)Math.Min(Chunk, known - start);
            table.CopyTo(start, length, new Span<float>(values + start, length));
        }

        for (long i = known; i < shape.Count; i++)
            values[i] = (float)(RowDeviation * random.Normal());
        return new Weight(TensorNames.Embedding, WeightType.Float32, shape, memory.Pointer, memory);
    }
}
