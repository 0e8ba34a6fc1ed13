using PaliSharp.Models;
using PaliSharp.Tensors;

namespace PaliSharp.Checkpoints;

/// <summary>
/// A PEFT LoRA adapter matched with the model it is for: low-rank updates to be computed beside the layers or merged into them, and
/// weights that replace the model's. All of it is in memory of its own; the adapter's file is closed after loading.
/// </summary>
public sealed class LoraAdapter
{
    internal LoraAdapter(
        string path, IReadOnlyDictionary<string, LowRankUpdate> updates, IReadOnlyDictionary<string, Weight> replacements,
        IReadOnlyList<string> warnings)
    {
        Path = path;
        Updates = updates;
        Replacements = replacements;
        Warnings = warnings;
    }

    /// <summary>The folder it was loaded from.</summary>
    public string Path { get; }

    /// <summary>
    /// The updates by the canonical path of the module, without <c>.weight</c>: <c>language_model.model.layers.0.self_attn.q_proj</c>.
    /// A and B are float32.
    /// </summary>
    public IReadOnlyDictionary<string, LowRankUpdate> Updates { get; }

    /// <summary>
    /// Weights that take the place of the model's, by canonical name: modules trained in full, and biases. Vectors are float32,
    /// matrices have the type of the adapter's file.
    /// </summary>
    public IReadOnlyDictionary<string, Weight> Replacements { get; }

    /// <summary>What was found odd but harmless, one sentence each.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>
    /// Loads <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>, with keys of any generation. Every tensor must find its
    /// place in the model, and every module that the configuration targets must have its tensors.
    /// </summary>
    /// <param name="folder">The adapter's folder.</param>
    /// <param name="baseWeights">The model's weights.</param>
    /// <exception cref="CheckpointException">
    /// A file is missing or malformed, a feature is not supported, or adapter and model match only in part; the message lists what does not.
    /// </exception>
    /// <exception cref="ResourceLimitException">The file describes more tensors than a model can have.</exception>
    public static LoraAdapter Load(string folder, WeightSet baseWeights)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(baseWeights);
        if (!Directory.Exists(folder))
            throw new CheckpointException($"'{folder}' does not exist. Give the folder that holds adapter_config.json.");
        string weights = System.IO.Path.Combine(folder, "adapter_model.safetensors");
        if (!File.Exists(weights) && File.Exists(System.IO.Path.Combine(folder, "adapter_model.bin")))
        {
            throw new CheckpointException(
                $"'{folder}' holds its weights as a Python pickle (adapter_model.bin), which can run code and is not read. "
                + "Convert it to adapter_model.safetensors.");
        }

        LoraConfig config = LoraConfig.Load(System.IO.Path.Combine(folder, "adapter_config.json"));
        using SafetensorsFile file = SafetensorsFile.Open(weights);
        return new LoraMatcher(folder, config, file, baseWeights).Match();
    }

    /// <summary>
    /// The model's weights with the adapter folded in: OutputScale ⊙ (W + Scale·B·A), computed in float32. What the adapter does not touch
    /// is shared with <paramref name="baseWeights"/> and valid as long as that is.
    /// </summary>
    /// <param name="baseWeights">The weights the adapter was loaded for.</param>
    /// <param name="storage">How to store merged matrices; by default each in the type it has in the model.</param>
    /// <exception cref="CheckpointException">These are not the weights the adapter was loaded for.</exception>
    public WeightSet Merge(WeightSet baseWeights, WeightType? storage = null)
    {
        ArgumentNullException.ThrowIfNull(baseWeights);
        var changed = new Dictionary<string, Weight>(StringComparer.Ordinal);
        foreach ((string name, Weight replacement) in Replacements)
        {
            CheckShape(baseWeights, name, replacement.Shape);
            changed[name] = replacement;
        }

        foreach ((string module, LowRankUpdate update) in Updates)
        {
            string name = $"{module}.weight";
            CheckShape(baseWeights, name, new TensorShape(update.B.Shape[0], update.A.Shape[1]));
            Weight weight = baseWeights[name];
            changed[name] = LowRankMath.Merge(weight, update, storage ?? weight.Type);
        }

        return baseWeights.With(changed);
    }

    private static void CheckShape(WeightSet weights, string name, TensorShape shape)
    {
        if (weights[name].Shape != shape)
            throw new CheckpointException($"The adapter's '{name}' is {shape}, the model's {weights[name].Shape}; load the adapter for this model.");
    }
}
