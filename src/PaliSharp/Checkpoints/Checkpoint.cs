using PaliSharp.Models;

namespace PaliSharp.Checkpoints;

/// <summary>The form a checkpoint is stored in.</summary>
public enum CheckpointFormat
{
    /// <summary>A folder with <c>config.json</c> and safetensors files.</summary>
    HuggingFace,

    /// <summary>One <c>.npz</c> file of big_vision, the code the model was trained with.</summary>
    BigVision,
}

/// <summary>How to read what a checkpoint leaves open.</summary>
public sealed record CheckpointOptions
{
    /// <summary>
    /// For a <c>.npz</c> file, which holds arrays and no configuration: attention logits are divided by the square root of this.
    /// By default the head size, or width ÷ heads in the geometry of the 27B decoder (4608 wide, 32 heads). Positive.
    /// </summary>
    public float? QueryScalar { get; init; }

    /// <summary>How matrices are held. By default as they are stored.</summary>
    public WeightStorage Weights { get; init; } = WeightStorage.Stored;

    /// <summary>
    /// Where matrices are quantised at load: true to quantise small ones as well, which are otherwise left as they are because that loses what
    /// shows and saves what does not. Files say for themselves how they were made.
    /// </summary>
    public bool QuantizeEverything { get; init; }
}

/// <summary>A model's configuration and weights, checked against each other. Weights stay in the file, memory-mapped, in the type they have there.</summary>
public sealed class Checkpoint : IDisposable
{
    private readonly IDisposable? _storage;

    internal Checkpoint(
        string path, CheckpointFormat format, PaliGemmaConfig config, ImagePreprocessing preprocessing, WeightSet weights,
        IReadOnlyList<string> warnings, IDisposable? storage)
    {
        Path = path;
        Format = format;
        Config = config;
        Preprocessing = preprocessing;
        Weights = weights;
        Warnings = warnings;
        TokenizerFolder = CheckpointPath.TokenizerFolder(path);
        _storage = storage;
    }

    /// <summary>The folder or file it was loaded from.</summary>
    public string Path { get; }

    /// <summary>The form it is stored in.</summary>
    public CheckpointFormat Format { get; }

    /// <summary>The geometry. The vocabulary's size is the table's real number of rows.</summary>
    public PaliGemmaConfig Config { get; }

    /// <summary>How pictures become the encoder's input.</summary>
    public ImagePreprocessing Preprocessing { get; }

    /// <summary>
    /// The weights by canonical name. Matrices have the type of the file, or what <see cref="CheckpointOptions.Weights"/> asked for; vectors and the
    /// position table are float32.
    /// They are valid until this object is disposed.
    /// </summary>
    public WeightSet Weights { get; }

    /// <summary>The folder that holds <c>tokenizer.json</c> or <c>tokenizer.model</c>; null if there is neither.</summary>
    public string? TokenizerFolder { get; }

    /// <summary>What was found odd but harmless, one sentence each.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>
    /// Opens a checkpoint: a Hugging Face folder, a big_vision <c>.npz</c> file, or a folder with exactly one of those.
    /// Every tensor is checked for presence, shape and type.
    /// </summary>
    /// <param name="path">The folder or file.</param>
    /// <param name="options">How to read what the files leave open.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="CheckpointException">
    /// A file is missing or malformed, or tensors are missing, left over or misshapen; the message names them with expected and found shapes.
    /// </exception>
    /// <exception cref="ResourceLimitException">The files ask for more memory than their size can justify.</exception>
    public static Checkpoint Load(string path, CheckpointOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new CheckpointOptions();
        if (options.QueryScalar is { } scalar && !(scalar > 0 && float.IsFinite(scalar)))
            throw new ArgumentException($"{nameof(CheckpointOptions.QueryScalar)} is {scalar}; a positive number was expected.", nameof(options));
        return CheckpointPath.Resolve(path) switch
        {
            (CheckpointFormat.HuggingFace, var folder) => HuggingFaceFolder.Load(folder, options),
            (_, var file) => BigVisionFile.Load(file, options),
        };
    }

    /// <summary>Unmaps the files. The weights become invalid, also in sets merged from them; using one afterwards ends the process.</summary>
    public void Dispose() => _storage?.Dispose();
}
