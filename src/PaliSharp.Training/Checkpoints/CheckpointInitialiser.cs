using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Training.Checkpoints;

/// <summary>
/// Makes a model that knows nothing yet, of any geometry: kernels from N(0, 1 ÷ inputs), the token and position tables from N(0, 1 ÷ width),
/// biases 0, norms the identity.
/// </summary>
public static unsafe class CheckpointInitialiser
{
    private const long MaximumElements = 1L << 31;

    /// <summary>Writes the model in float32.</summary>
    /// <param name="source">A folder with <c>config.json</c>, tokenizer and processor files as the published checkpoints have them. Weights in it are not read.</param>
    /// <param name="target">The folder to write; a mask codec of the source goes along.</param>
    /// <param name="seed">Determines the values.</param>
    /// <exception cref="CheckpointException">The configuration is missing, malformed or beyond 2³¹ weights.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static void Write(string source, string target, ulong seed = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(source);
        ArgumentException.ThrowIfNullOrEmpty(target);
        if (!File.Exists(Path.Combine(source, "config.json")))
            throw new CheckpointException($"'{source}' has no config.json. Give a folder that says the geometry, with a tokenizer beside it.");
        if (Path.GetFullPath(source) == Path.GetFullPath(target))
            throw new CheckpointException($"'{target}' is the folder to read from. Choose another to write to.");
        PaliGemmaConfig config = HuggingFaceConfig.Load(source, []).Config;
        long elements = ModelTensors.Of(config).Sum(entry => entry.Shape.Count);
        if (elements >= MaximumElements)
            throw new CheckpointException($"The geometry of '{source}' has {elements} weights; a new model has fewer than {MaximumElements}. Make it smaller.");
        var random = new GaussianRandom(seed);
        Weight[] weights = [.. ModelTensors.Of(config).Select(entry => Draw(entry.Name, entry.Shape, random))];
        CheckpointFolderWriter.Write(
            target, source, config, new ImagePreprocessing { Size = config.Vision.ImageSize }, weights, WeightType.Float32);
    }

    private static Weight Draw(string name, TensorShape shape, GaussianRandom random)
    {
        var memory = new NativeBuffer(shape.Count * sizeof(float)); // zeros: biases, and Gemma's norms, which add 1
        var values = new Span<float>(memory.Pointer, (int)shape.Count);
        if (shape.Rank > 1)
        {
            long inputs = name is TensorNames.Embedding or TensorNames.Positions ? shape[1] : shape.Count / shape[0];
            double deviation = 1 / Math.Sqrt(inputs);
            foreach (ref float value in values)
                value = (float)(deviation * random.Normal());
        }
        else if (name.StartsWith("vision_tower.", StringComparison.Ordinal) && name.EndsWith("weight", StringComparison.Ordinal))
        {
            values.Fill(1);
        }

        return new Weight(name, WeightType.Float32, shape, memory.Pointer, memory);
    }
}
