using PaliSharp.Checkpoints;
using PaliSharp.Models;
using PaliSharp.Tensors.Cpu;

namespace PaliSharp;

/// <summary>How a model is loaded and run.</summary>
public sealed record PaliGemmaOptions
{
    /// <summary>Threads and instructions of the CPU.</summary>
    public CpuOptions Cpu { get; init; } = new();

    /// <summary>How the model's matrices are held; by default in 8 bits where a quantised file lies beside the checkpoint, else as stored.</summary>
    public WeightStorage Weights { get; init; }

    /// <summary>The folder of a PEFT LoRA adapter to apply, or none.</summary>
    public string? Adapter { get; init; }

    /// <summary>
    /// Adds the adapter into copies of the weights it touches: faster per token, more memory. Otherwise it is computed beside them.
    /// </summary>
    public bool MergeAdapter { get; init; }

    /// <summary>
    /// The most sequences computed together, at least 1; other requests wait for a place. A beam search takes as many places as it has beams,
    /// and one with more than there are runs alone.
    /// </summary>
    public int MaxBatch { get; init; } = 64;

    /// <summary>
    /// The most requests that wait for a place in the batch, at least 1; a call beyond that ends with <see cref="Batching.QueueFullException"/>.
    /// The requests of one batch call hold back by themselves: only its first can be refused.
    /// </summary>
    public int MaxQueuedRequests { get; init; } = 1024;

    /// <summary>
    /// The most bytes of keys and values of all requests in the batch together, above 0; null for a quarter of the memory the process may use. Each
    /// request takes room for its prompt and for the longest answer its options allow. One that would not fit alone is refused.
    /// </summary>
    public long? KvCacheBytes { get; init; }

    /// <summary>
    /// The budget in bytes for encoded pictures, so that a picture asked about again is not encoded again: at least 0, where 0 keeps none. The
    /// picture used longest ago leaves first.
    /// </summary>
    public long PictureCacheBytes { get; init; } = 256L << 20;

    /// <summary>
    /// The file of the mask codec, in the layout of <c>vae-oid.npz</c>, needed to segment only; null to look for <c>vae-oid.npz</c> or
    /// <c>mask_codec.npz</c> beside the model. It is read when it is needed first.
    /// </summary>
    public string? MaskCodec { get; init; }

    /// <summary>Choices in the forward pass where the reference implementations differ.</summary>
    public PaliGemmaModelOptions Model { get; init; } = new();

    /// <summary>Tells the time; null for the system's clock.</summary>
    internal TimeProvider? Clock { get; init; }

    /// <summary>
    /// New work that a turn of the batch may do between two tokens of those being written, in multiply-adds; however little, always that of 16 rows.
    /// The default takes some 20 ms on two cores, for which texts may stand still. Of a small model that is hundreds of rows, so that many texts
    /// are under way before the next token of each is written, all at once.
    /// </summary>
    internal long MultiplyAddsPerTurn { get; init; } = 1L << 30;

    /// <summary>Called on the batch's thread before each of its turns; null for nothing.</summary>
    internal Action? BeforeTurn { get; init; }

    /// <summary>Checks the limits.</summary>
    /// <exception cref="ArgumentException">One is out of range.</exception>
    internal void Validate()
    {
        if (MaxBatch is < 1 or > 65_536)
            throw new ArgumentException($"MaxBatch is {MaxBatch}; it must be 1 to 65536.", nameof(MaxBatch));
        if (MaxQueuedRequests < 1)
            throw new ArgumentException($"MaxQueuedRequests is {MaxQueuedRequests}; it must be at least 1.", nameof(MaxQueuedRequests));
        if (KvCacheBytes is <= 0)
            throw new ArgumentException($"KvCacheBytes is {KvCacheBytes}; it must be above 0.", nameof(KvCacheBytes));
        if (PictureCacheBytes < 0)
            throw new ArgumentException($"PictureCacheBytes is {PictureCacheBytes}; it must be at least 0.", nameof(PictureCacheBytes));
    }
}
