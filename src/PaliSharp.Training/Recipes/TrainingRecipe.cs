using System.Text.Json;
using System.Text.Json.Serialization;
using PaliSharp.Tensors;
using PaliSharp.Training.LowRank;
using PaliSharp.Training.Objectives;
using PaliSharp.Training.Optimisers;

namespace PaliSharp.Training.Recipes;

/// <summary>Everything that decides a training but the data's content, as a versioned file.</summary>
public sealed record TrainingRecipe
{
    /// <summary>The version of the file's form that this library reads.</summary>
    public const int CurrentVersion = 1;

    /// <summary>The version of the file's form.</summary>
    public required int Version { get; init; }

    /// <summary>A short name.</summary>
    public string Name { get; init; } = "";

    /// <summary>What it is for and where its numbers come from.</summary>
    public string Description { get; init; } = "";

    /// <summary>The checkpoint to begin with: a folder, a <c>.npz</c> file, or a pulled OWNER/NAME.</summary>
    public string? Model { get; init; }

    /// <summary>The edge of the pictures in pixels; null for the checkpoint's. Another one resamples the position table (stage 2).</summary>
    public int? Resolution { get; init; }

    /// <summary>The data, in the form that the source of examples understands.</summary>
    public JsonElement? Data { get; init; }

    /// <summary>Data to evaluate on, in the same form; null for none.</summary>
    public JsonElement? EvaluationData { get; init; }

    /// <summary>The most text tokens of an example, BOS, newline and EOS included; longer suffixes are cut, and counted.</summary>
    public int MaxTextTokens { get; init; } = 128;

    /// <summary>The examples of an update.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>The examples that go through the model together; null for the whole batch. It changes memory, not the result.</summary>
    public int? MicroBatchSize { get; init; }

    /// <summary>The length of the training.</summary>
    public Duration Length { get; init; } = new(1, DurationUnit.Epochs);

    /// <summary>The largest learning rate.</summary>
    public double LearningRate { get; init; } = 1e-5;

    /// <summary>The weight decay.</summary>
    public double WeightDecay { get; init; }

    /// <summary>What the weight decay is multiplied by.</summary>
    public WeightDecayKind WeightDecayKind { get; init; }

    /// <summary>Whether weight decay acts on every parameter, instead of the matrices of image encoder and projector as in big_vision.</summary>
    public bool DecaysEverything { get; init; }

    /// <summary>The largest norm of all gradients together; 0 for any.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>The optimiser.</summary>
    public OptimiserRecipe Optimiser { get; init; } = new();

    /// <summary>The course of the learning rate.</summary>
    public Schedule Schedule { get; init; } = new() { Warmup = new Duration(0.05, DurationUnit.Fraction) };

    /// <summary>Parameters that are updated in their own way.</summary>
    public IReadOnlyList<ParameterGroup> Groups { get; init; } = [];

    /// <summary>Regular expressions of parameters that stay as they are, found in canonical names such as <c>vision_tower.…</c>.</summary>
    public IReadOnlyList<string> Freeze { get; init; } = [];

    /// <summary>Regular expressions of the only parameters that are trained; empty for all that are not frozen.</summary>
    public IReadOnlyList<string> Train { get; init; } = [];

    /// <summary>An adapter to train instead of the weights; null for none.</summary>
    public LoraOptions? Lora { get; init; }

    /// <summary>How the loss is computed.</summary>
    public LossOptions Loss { get; init; } = new() { FinalSoftCap = false };

    /// <summary>The part of the decoder's branches that is dropped.</summary>
    public float Dropout { get; init; }

    /// <summary>Whether blocks are computed twice instead of held: less memory for more time.</summary>
    public bool Checkpointing { get; init; }

    /// <summary>How matrices of the checkpoint are held while an adapter is trained: <c>stored</c> or <c>int8</c>.</summary>
    public string Weights { get; init; } = "stored";

    /// <summary>The type that the finished checkpoint is written in.</summary>
    public WeightType SaveAs { get; init; } = WeightType.Float32;

    /// <summary>The updates between two states saved for resuming.</summary>
    public int SaveEvery { get; init; } = 500;

    /// <summary>How many saved states are kept.</summary>
    public int KeepStates { get; init; } = 2;

    /// <summary>The updates between two evaluations; 0 for one at the end.</summary>
    public int EvaluateEvery { get; init; }

    /// <summary>The examples of an evaluation.</summary>
    public int EvaluationExamples { get; init; } = 256;

    /// <summary>Determines shuffling, augmentation, dropout and new values.</summary>
    public ulong Seed { get; init; }

    /// <summary>How the finished model is best decoded on this task: beams, longest answer; for the reader, not used in training.</summary>
    public DecodingAdvice? Decoding { get; init; }
}

/// <summary>Which optimiser.</summary>
public enum OptimiserKind
{
    /// <summary>Adam; with weight decay big_vision's chain or AdamW, by <see cref="TrainingRecipe.WeightDecayKind"/>.</summary>
    Adam,

    /// <summary>Gradient descent.</summary>
    Sgd,

    /// <summary>Adafactor.</summary>
    Adafactor,
}

/// <summary>The optimiser of a recipe.</summary>
public sealed record OptimiserRecipe
{
    /// <summary>Which one.</summary>
    public OptimiserKind Kind { get; init; }

    /// <summary>The numbers of Adam.</summary>
    public AdamOptions Adam { get; init; } = new();

    /// <summary>The numbers of gradient descent.</summary>
    public SgdOptions Sgd { get; init; } = new();

    /// <summary>The numbers of Adafactor.</summary>
    public AdafactorOptions Adafactor { get; init; } = new();
}

/// <summary>How a model trained by a recipe is best decoded.</summary>
/// <param name="Beams">The beams; 1 for greedy decoding.</param>
/// <param name="MaxTokens">The most tokens of an answer.</param>
public sealed record DecodingAdvice(int Beams, int MaxTokens);

/// <summary>Reads and writes recipes.</summary>
public static class RecipeFile
{
    private const long MaximumBytes = 1 << 20;

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    /// <summary>Reads a recipe.</summary>
    /// <param name="path">A file, or the name of one that comes with this library (see <see cref="BuiltIn"/>).</param>
    /// <exception cref="RecipeException">The file is missing, malformed, of another version, or a value is not allowed.</exception>
    public static TrainingRecipe Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (File.Exists(path))
        {
            if (new FileInfo(path).Length > MaximumBytes)
                throw new RecipeException($"'{path}' is larger than {MaximumBytes} bytes, which no recipe is.");
            return Parse(File.ReadAllBytes(path), path);
        }

        using Stream? resource = typeof(RecipeFile).Assembly.GetManifestResourceStream($"PaliSharp.Training.Recipes.{path}.json");
        if (resource is null)
            throw new RecipeException($"There is no file '{path}' and no recipe of that name. Built in are: {string.Join(", ", BuiltIn)}.");
        using var memory = new MemoryStream();
        resource.CopyTo(memory);
        return Parse(memory.ToArray(), path);
    }

    /// <summary>The names of the recipes that come with this library.</summary>
    public static IReadOnlyList<string> BuiltIn { get; } = [.. typeof(RecipeFile).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith("PaliSharp.Training.Recipes.", StringComparison.Ordinal) && name.EndsWith(".json", StringComparison.Ordinal))
        .Select(name => name["PaliSharp.Training.Recipes.".Length..^".json".Length])
        .Order(StringComparer.Ordinal)];

    /// <summary>Reads a recipe.</summary>
    /// <param name="json">The content, UTF-8.</param>
    /// <param name="source">Where it is from, for messages.</param>
    /// <exception cref="RecipeException">It is malformed, of another version, or a value is not allowed.</exception>
    public static TrainingRecipe Parse(ReadOnlySpan<byte> json, string source)
    {
        TrainingRecipe recipe;
        try
        {
            recipe = JsonSerializer.Deserialize<TrainingRecipe>(json, Options) ?? throw new RecipeException($"'{source}' holds null instead of a recipe.");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or ArgumentException or InvalidOperationException)
        {
            throw new RecipeException($"'{source}' is no recipe: {e.Message}", e);
        }

        RecipeChecks.Check(recipe, source);
        return recipe;
    }

    /// <summary>Writes a recipe.</summary>
    /// <param name="recipe">The recipe.</param>
    public static string Write(TrainingRecipe recipe) => JsonSerializer.Serialize(recipe, Options);
}
