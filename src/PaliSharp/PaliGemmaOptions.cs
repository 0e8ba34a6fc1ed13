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

    /// <summary>The most requests of a batch that are decoded together, at least 1; the others follow in turn. Each takes a cache of its own.</summary>
    public int MaxBatch { get; init; } = 8;

    /// <summary>
    /// The file of the mask codec, in the layout of <c>vae-oid.npz</c>, needed to segment only; null to look for <c>vae-oid.npz</c> or
    /// <c>mask_codec.npz</c> beside the model. It is read when it is needed first.
    /// </summary>
    public string? MaskCodec { get; init; }

    /// <summary>Choices in the forward pass where the reference implementations differ.</summary>
    public PaliGemmaModelOptions Model { get; init; } = new();
}
