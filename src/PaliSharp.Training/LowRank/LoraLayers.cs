using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Training.Autodiff;

namespace PaliSharp.Training.LowRank;

/// <summary>
/// A low-rank adapter that is trained: beside the weight W of a layer, y = W·x + scale·B·(A·x), with A and B parameters and W frozen in whatever
/// type it is stored, 8 bits included.
/// </summary>
public sealed class LoraLayers
{
    private static readonly LoraNaming Naming = new("model.language_model.", "model.vision_tower.", "model.");
    private readonly List<LoraLayer> _layers;
    private readonly List<Parameter> _saved;
    private readonly string _config;

    private LoraLayers(List<LoraLayer> layers, List<Parameter> saved, string config)
    {
        _layers = layers;
        _saved = saved;
        _config = config;
        Updates = layers.ToDictionary(layer => layer.Module, layer => layer.Update, StringComparer.Ordinal);
        Parameters = new ParameterSet(layers.SelectMany(layer => layer.Parameters).Concat(saved), layers.Select(layer => layer.Scale).OfType<Parameter>());
        Refresh();
    }

    /// <summary>What is trained: A, B and magnitudes, and weights and biases that are saved in full under their canonical names.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>The updates by canonical module path, for the model.</summary>
    public IReadOnlyDictionary<string, LowRankUpdate> Updates { get; }

    /// <summary>Starts an adapter: A random, B zero, so that the model is unchanged at first.</summary>
    /// <param name="options">What it consists of.</param>
    /// <param name="weights">The model's weights.</param>
    /// <param name="seed">Determines A.</param>
    /// <exception cref="RecipeException">No module matches the targets, or a number is out of its range.</exception>
    public static LoraLayers Create(LoraOptions options, WeightSet weights, ulong seed = 0)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(weights);
        if (options.Rank < 1 || options.Dropout is not (>= 0 and < 1) || !(options.Alpha > 0))
            throw new RecipeException($"LoRA with rank {options.Rank}, alpha {options.Alpha}, dropout {options.Dropout}: expected at least 1, above 0, and 0 to below 1.");
        var choice = new LoraChoice(options, Naming);
        var random = new GaussianRandom(seed);
        var layers = new List<LoraLayer>();
        foreach (Weight weight in weights.Where(weight => choice.IsUpdated(weight)))
            layers.Add(LoraLayer.Create(weight, options, choice, random));
        if (layers.Count == 0)
        {
            throw new RecipeException(
                $"No linear layer of the model matches the LoRA targets {options.TargetPattern ?? string.Join(", ", options.Targets)}. "
                + "Name modules by the end of their path, such as q_proj, or by a regular expression for the whole path.");
        }

        List<Parameter> saved = [.. weights.Where(weight => choice.IsSaved(weight.Name)).Select(Parameter.CopyOf)];
        return new LoraLayers(layers, saved, PeftConfig.Write(options));
    }

    /// <summary>Goes on with an adapter that PEFT or this library has saved.</summary>
    /// <param name="folder">The adapter's folder.</param>
    /// <param name="weights">The weights of the model it belongs to.</param>
    /// <param name="dropout">The part of the updates' inputs that is dropped, 0 to below 1.</param>
    /// <exception cref="CheckpointException">A file is missing or malformed, or the adapter does not fit the model.</exception>
    public static LoraLayers Load(string folder, WeightSet weights, float dropout = 0)
    {
        ArgumentNullException.ThrowIfNull(weights);
        LoraAdapter adapter = LoraAdapter.Load(folder, weights);
        List<LoraLayer> layers = [.. adapter.Updates.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => LoraLayer.Continue(weights[$"{pair.Key}.weight"], pair.Value, dropout))];
        List<Parameter> saved = [.. adapter.Replacements.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => Parameter.CopyOf(new RenamedWeight(pair.Value, pair.Key).Weight))];
        return new LoraLayers(layers, saved, File.ReadAllText(Path.Combine(folder, "adapter_config.json")));
    }

    /// <summary>Brings what is derived from the parameters (the scales of DoRA) up to date: after each update.</summary>
    public void Refresh()
    {
        foreach (LoraLayer layer in _layers)
            layer.Refresh();
    }

    /// <summary>Derives the gradients of magnitudes (DoRA) from those of the scales: after each backward pass, before clipping.</summary>
    public void CompleteGradients()
    {
        foreach (LoraLayer layer in _layers)
            layer.CompleteGradient();
    }

    /// <summary>The adapter as inference knows it, sharing the parameters' memory: to merge it, or to answer with it.</summary>
    public LoraAdapter ToAdapter() => new("", Updates, _saved.ToDictionary(parameter => parameter.Name, parameter => parameter.Weight, StringComparer.Ordinal), []);

    /// <summary>Writes <c>adapter_config.json</c> and <c>adapter_model.safetensors</c> as PEFT does, in float32.</summary>
    /// <param name="folder">The folder; created if missing.</param>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        HashSet<string> updated = [.. _layers.Select(layer => layer.Module)];
        var tensors = new List<SafetensorsContent>();
        foreach (LoraLayer layer in _layers)
        {
            foreach (Parameter parameter in layer.Parameters)
                tensors.Add(Content(parameter, $"{Naming.Write(layer.Module)}{parameter.Name[layer.Module.Length..]}"));
        }

        foreach (Parameter parameter in _saved)
        {
            // PEFT wraps updated layers, and with them their biases.
            int dot = parameter.Name.LastIndexOf('.');
            string module = parameter.Name[..dot];
            string path = Naming.Write(module);
            tensors.Add(Content(parameter, updated.Contains(module) ? $"{path}.base_layer{parameter.Name[dot..]}" : $"{path}{parameter.Name[dot..]}"));
        }

        SafetensorsWriter.Write(
            Path.Combine(folder, "adapter_model.safetensors"), tensors, new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" });
        AtomicFile.Write(Path.Combine(folder, "adapter_config.json"), stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(_config)));
    }

    private static SafetensorsContent Content(Parameter parameter, string path) =>
        SafetensorsContent.Of(new RenamedWeight(parameter.Weight, $"base_model.model.{path}").Weight);
}
