using System.Text.RegularExpressions;
using PaliSharp.Checkpoints;
using PaliSharp.Checkpoints.Hub;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Tokenization;
using PaliSharp.Training.Autodiff;
using PaliSharp.Training.Checkpoints;
using PaliSharp.Training.LowRank;
using PaliSharp.Training.Optimisers;
using PaliSharp.Training.Recipes;

namespace PaliSharp.Training.Running;

/// <summary>The model that a recipe asks for: checkpoint, resolution, what is trained and what is frozen.</summary>
internal sealed class TrainingSetup : IDisposable
{
    private TrainingSetup(Checkpoint checkpoint, PaliGemmaConfig config, WeightSet weights, LoraLayers? lora, ParameterSet parameters, CpuBackend device)
    {
        Checkpoint = checkpoint;
        Config = config;
        Weights = weights;
        Lora = lora;
        Parameters = parameters;
        Device = device;
        Preprocessing = checkpoint.Preprocessing with { Size = config.Vision.ImageSize };
        Model = new TrainableModel(config, device, name => weights.TryGet(name, out Weight? weight) ? weight : null, parameters, lora?.Updates);
    }

    /// <summary>What training begins with.</summary>
    public Checkpoint Checkpoint { get; }

    /// <summary>The geometry, at the recipe's resolution.</summary>
    public PaliGemmaConfig Config { get; }

    /// <summary>The checkpoint's weights, at the recipe's resolution.</summary>
    public WeightSet Weights { get; }

    /// <summary>The adapter, if one is trained.</summary>
    public LoraLayers? Lora { get; }

    /// <summary>What is trained.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>Computes.</summary>
    public CpuBackend Device { get; }

    /// <summary>How pictures are prepared.</summary>
    public ImagePreprocessing Preprocessing { get; }

    /// <summary>The model.</summary>
    public TrainableModel Model { get; }

    /// <summary>The checkpoint's tokenizer.</summary>
    /// <exception cref="CheckpointException">It has none.</exception>
    public Tokenizer LoadTokenizer() => Tokenizer.Load(Checkpoint.TokenizerFolder
        ?? throw new CheckpointException($"'{Checkpoint.Path}' has no tokenizer, which training on text needs. Put tokenizer.json or tokenizer.model beside it."));

    /// <summary>Opens the checkpoint and assembles the model.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="options">Threads and instructions.</param>
    /// <exception cref="PaliSharpException">The recipe or the checkpoint does not allow it.</exception>
    public static TrainingSetup Open(TrainingRecipe recipe, CpuOptions? options)
    {
        string path = HubModelResolver.Resolve(recipe.Model ?? throw new RecipeException("The recipe names no model. Add \"model\", or give --model."));
        Checkpoint checkpoint = Checkpoint.Load(path, new CheckpointOptions { Weights = recipe.Weights == "int8" ? WeightStorage.Int8 : WeightStorage.Stored });
        CpuBackend? device = null;
        try
        {
            PaliGemmaConfig config = checkpoint.Config;
            WeightSet weights = checkpoint.Weights;
            if (recipe.Resolution is { } resolution && resolution != config.Vision.ImageSize)
            {
                config = PositionTable.AtResolution(config, resolution);
                weights = weights.With(new Dictionary<string, Weight>(StringComparer.Ordinal)
                {
                    [TensorNames.Positions] = PositionTable.Resample(weights[TensorNames.Positions], config.Vision.Grid),
                });
            }

            LoraLayers? lora = recipe.Lora is null ? null : LoraLayers.Create(recipe.Lora, weights, recipe.Seed);
            ParameterSet parameters = lora?.Parameters ?? new ParameterSet(weights.Where(Chosen(recipe)).Select(Parameter.CopyOf));
            if (parameters.Count == 0)
                throw new RecipeException("Everything is frozen: no parameter of the model matches \"train\" and not \"freeze\".");
            device = new CpuBackend(options);
            var setup = new TrainingSetup(checkpoint, config, weights, lora, parameters, device);
            setup.Model.Tape.UsesCheckpoints = recipe.Checkpointing;
            setup.Model.Tape.DropoutRate = recipe.Dropout;
            return setup;
        }
        catch
        {
            device?.Dispose();
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>The optimiser that a recipe asks for.</summary>
    public Optimiser CreateOptimiser(OptimiserRecipe recipe) => recipe.Kind switch
    {
        OptimiserKind.Sgd => new SgdOptimiser(Parameters, Device, recipe.Sgd),
        OptimiserKind.Adafactor => new AdafactorOptimiser(Parameters, recipe.Adafactor),
        _ => new AdamOptimiser(Parameters, Device, recipe.Adam),
    };

    /// <summary>Writes the model as it is now: a checkpoint folder, or the adapter.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="type">The type of the weights of a whole checkpoint.</param>
    public void Save(string folder, WeightType type)
    {
        if (Lora is not null)
        {
            Lora.Save(folder);
            return;
        }

        Weight[] weights = [.. Weights.Select(weight => Parameters.TryGet(weight.Name, out Parameter? parameter) ? parameter.Weight : weight)];
        CheckpointFolderWriter.Write(folder, Checkpoint.Path, Config, Preprocessing, weights, type);
    }

    public void Dispose()
    {
        Model.Dispose();
        Device.Dispose();
        Checkpoint.Dispose();
    }

    private static Func<Weight, bool> Chosen(TrainingRecipe recipe)
    {
        Regex[] frozen = [.. recipe.Freeze.Select(Compile)];
        Regex[] trained = [.. recipe.Train.Select(Compile)];
        return weight => !Array.Exists(frozen, pattern => pattern.IsMatch(weight.Name))
            && (trained.Length == 0 || Array.Exists(trained, pattern => pattern.IsMatch(weight.Name)));
    }

    private static Regex Compile(string pattern) => new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
}
