using PaliSharp.Checkpoints;
using PaliSharp.Checkpoints.Hub;
using PaliSharp.Checkpoints.Synthetic;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tensors.Cpu;

namespace PaliSharp.Benchmarks;

/// <summary>A model to be timed, with the device it runs on.</summary>
public sealed class BenchmarkModel : IDisposable
{
    private readonly IDisposable? _storage;

    private BenchmarkModel(string name, PaliGemmaConfig config, ImagePreprocessing preprocessing, WeightSet weights, CpuOptions? cpu, IDisposable? storage)
    {
        _storage = storage;
        Name = name;
        Preprocessing = preprocessing;
        Weights = weights;
        Backend = new CpuBackend(cpu);
        Model = new PaliGemmaModel(config, Backend, canonical => weights.TryGet(canonical, out Weight? weight) ? weight : null);
    }

    /// <summary>What to call it in the report.</summary>
    public string Name { get; }

    /// <summary>The model.</summary>
    public PaliGemmaModel Model { get; }

    internal ImagePreprocessing Preprocessing { get; }

    internal WeightSet Weights { get; }

    internal CpuBackend Backend { get; }

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="model">A folder, an <c>.npz</c> file or a pulled <c>OWNER/NAME[@REVISION]</c>; null for the demonstration model.</param>
    /// <param name="cpu">Threads and instructions; null for the defaults.</param>
    /// <param name="weights">How weights are held.</param>
    /// <exception cref="CheckpointException">It cannot be loaded.</exception>
    /// <exception cref="HubException">The name is not in the local cache.</exception>
    public static BenchmarkModel Open(string? model, CpuOptions? cpu = null, WeightStorage weights = WeightStorage.Auto)
    {
        string path = model is not null ? HubModelResolver.Resolve(model) : BundledModel.Find() ?? throw new CheckpointException(
            "No model was named and the demonstration model is not beside the program. Name a checkpoint or a synthetic size.");
        Checkpoint checkpoint = Checkpoint.Load(path, new CheckpointOptions { Weights = weights });
        try
        {
            return new BenchmarkModel(path, checkpoint.Config, checkpoint.Preprocessing, checkpoint.Weights, cpu, checkpoint);
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Makes a model of a released size in memory, its weights from a formula.</summary>
    /// <param name="size">One of <see cref="PublishedGeometry.Names"/>.</param>
    /// <param name="cpu">Threads and instructions; null for the defaults.</param>
    /// <param name="weights">How matrices are held; bfloat16 unless a type is named.</param>
    /// <param name="cancellationToken">Stops between pieces.</param>
    /// <exception cref="ArgumentException">There is no such size.</exception>
    /// <exception cref="ResourceLimitException">The machine has not enough memory for it.</exception>
    public static BenchmarkModel Synthesize(
        string size, CpuOptions? cpu = null, WeightStorage weights = WeightStorage.Auto, CancellationToken cancellationToken = default) =>
        Synthesize($"synthetic {size}", PublishedGeometry.Get(size), cpu, weights, cancellationToken);

    internal static BenchmarkModel Synthesize(
        string name, PaliGemmaConfig config, CpuOptions? cpu, WeightStorage storage, CancellationToken cancellationToken)
    {
        WeightSet weights = SyntheticCheckpoint.Create(config, TypeOf(storage), cancellationToken);
        return new BenchmarkModel(name, config, new ImagePreprocessing { Size = config.Vision.ImageSize }, weights, cpu, storage: null);
    }

    private static WeightType TypeOf(WeightStorage storage) => storage switch
    {
        WeightStorage.Float32 => WeightType.Float32,
        WeightStorage.Int8 => WeightType.Int8,
        WeightStorage.Int4 => WeightType.Int4,
        _ => WeightType.BFloat16,
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        Backend.Dispose();
        _storage?.Dispose();
    }
}
