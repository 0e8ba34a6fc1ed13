using PaliSharp.Batching;
using PaliSharp.Checkpoints;
using PaliSharp.Checkpoints.Hub;
using PaliSharp.Generation;
using PaliSharp.Models;
using PaliSharp.Segmentation;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;
using PaliSharp.Tokenization;

namespace PaliSharp;

/// <summary>
/// A loaded PaliGemma or PaliGemma 2: the entry to everything. Give it pictures and prompts; it returns text, answers, boxes.
/// Calls may come from any number of threads; what they ask is computed together, as one running batch, and each gets what it would get alone.
/// </summary>
/// <example>
/// <code>
/// using var model = PaliGemma.Load("google/paligemma2-3b-mix-448");
/// DetectionResult cats = await model.DetectAsync(Image.Load("yard.jpg"), ["cat", "dog"]);
/// </code>
/// </example>
public sealed partial class PaliGemma : IDisposable
{
    private readonly Checkpoint _checkpoint;
    private readonly CpuBackend _backend;
    private readonly PaliGemmaModel _model;
    private readonly PaliGemmaOptions _options;
    private readonly BatchLimits _limits;
    private readonly GenerationFactory _generations;
    private readonly PictureStore _pictures;
    private readonly BatchScheduler _scheduler;
    private readonly Lazy<MaskCodec> _maskCodec;
    private bool _disposed;

    private PaliGemma(Checkpoint checkpoint, CpuBackend backend, PaliGemmaModel model, Tokenizer? tokenizer, bool isBundled, PaliGemmaOptions options)
    {
        _checkpoint = checkpoint;
        _backend = backend;
        _model = model;
        Tokenizer = tokenizer;
        IsBundledModel = isBundled;
        _options = options;
        _limits = new BatchLimits(
            options.MaxBatch,
            options.MaxQueuedRequests,
            options.KvCacheBytes ?? (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4),
            options.MultiplyAddsPerTurn);
        _generations = new GenerationFactory(model, tokenizer);
        _pictures = new PictureStore(options.PictureCacheBytes);
        _scheduler = new BatchScheduler(
            model, new PicturePreparation(model, checkpoint.Preprocessing), _pictures, _limits, options.Clock ?? TimeProvider.System, options.BeforeTurn);

        // A failure is not kept: the file may be put there later.
        _maskCodec = new Lazy<MaskCodec>(() => Segmentation.MaskCodec.Load(MaskCodecPath.Find(checkpoint.Path, options.MaskCodec)), LazyThreadSafetyMode.PublicationOnly);
    }

    /// <summary>The model's geometry.</summary>
    public PaliGemmaConfig Config => _model.Config;

    /// <summary>The folder or file the model was loaded from.</summary>
    public string Path => _checkpoint.Path;

    /// <summary>The bytes of all weights as they are held, mapped from files or in memory.</summary>
    public long WeightBytes => _checkpoint.Weights.ByteLength;

    /// <summary>How the decoder's matrices are stored.</summary>
    public WeightType WeightType => _checkpoint.Weights["language_model.model.layers.0.mlp.gate_proj.weight"].Type;

    /// <summary>The tokenizer; null if the checkpoint has none, in which case only token ids can be given.</summary>
    public Tokenizer? Tokenizer { get; }

    /// <summary>True for the demonstration model that travels with PaliSharp, see <see cref="BundledModel"/>.</summary>
    public bool IsBundledModel { get; }

    /// <summary>What was found odd but harmless while loading, one sentence each.</summary>
    public IReadOnlyList<string> Warnings => _checkpoint.Warnings;

    /// <summary>The instructions the kernels use.</summary>
    public InstructionPath InstructionPath => _backend.Path;

    /// <summary>Loads a model. Weights are memory-mapped, so this takes moments whatever the size.</summary>
    /// <param name="model">
    /// A Hugging Face folder, a big_vision <c>.npz</c> file, or <c>OWNER/NAME[@REVISION]</c> of a checkpoint that was pulled (or that Python
    /// downloaded); null for the demonstration model.
    /// </param>
    /// <param name="options">Threads, adapter and choices in the forward pass.</param>
    /// <exception cref="CheckpointException">The checkpoint, adapter or tokenizer is missing, malformed or does not fit.</exception>
    /// <exception cref="ArgumentException">A limit in the options is out of range.</exception>
    /// <exception cref="HubException">The name is not in the local cache.</exception>
    public static PaliGemma Load(string? model = null, PaliGemmaOptions? options = null)
    {
        options ??= new PaliGemmaOptions();
        options.Validate();
        string path = model is null ? FindBundledModel() : HubModelResolver.Resolve(model);
        Checkpoint checkpoint = Checkpoint.Load(path, new CheckpointOptions { Weights = options.Weights });
        CpuBackend? backend = null;
        try
        {
            backend = new CpuBackend(options.Cpu);
            Tokenizer? tokenizer = checkpoint.TokenizerFolder is null ? null : Tokenizer.Load(checkpoint.TokenizerFolder);
            return new PaliGemma(checkpoint, backend, Assemble(checkpoint, backend, options), tokenizer, model is null, options);
        }
        catch
        {
            backend?.Dispose();
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Releases the model. What is being computed ends first; requests that still wait end with <see cref="ObjectDisposedException"/>.</summary>
    /// <exception cref="InvalidOperationException">Called by a callback of a request to this model.</exception>
    public void Dispose()
    {
        if (_disposed)
            return;
        _scheduler.Dispose();
        _disposed = true;
        _backend.Dispose();
        _checkpoint.Dispose();
    }

    private static string FindBundledModel() => BundledModel.Find() ?? throw new CheckpointException(
        "No model was named and the demonstration model 'models/nano' is not beside the program. Name a folder or a pulled OWNER/NAME.");

    private static PaliGemmaModel Assemble(Checkpoint checkpoint, TensorBackend backend, PaliGemmaOptions options)
    {
        if (options.Adapter is null)
            return Assemble(checkpoint, checkpoint.Weights, backend, null, options);
        LoraAdapter adapter = LoraAdapter.Load(HubModelResolver.Resolve(options.Adapter), checkpoint.Weights);
        return options.MergeAdapter
            ? Assemble(checkpoint, adapter.Merge(checkpoint.Weights), backend, null, options)
            : Assemble(checkpoint, checkpoint.Weights, backend, adapter, options);
    }

    private static PaliGemmaModel Assemble(Checkpoint checkpoint, WeightSet weights, TensorBackend backend, LoraAdapter? adapter, PaliGemmaOptions options) => new(
        checkpoint.Config,
        backend,
        name => weights.TryGet(name, out Weight? weight) ? weight : null,
        adapter?.Updates,
        adapter?.Replacements,
        options.Model);
}
