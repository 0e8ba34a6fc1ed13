using PaliSharp.Checkpoints;
using PaliSharp.Conversations;

namespace PaliSharp.Extensions.AI;

/// <summary>The model of a program, as its configuration describes it.</summary>
public sealed class PaliSharpOptions
{
    /// <summary>A checkpoint folder, a <c>.npz</c> file or a pulled <c>OWNER/NAME[@REVISION]</c>; null for the demonstration model.</summary>
    public string? Model { get; set; }

    /// <summary>A LoRA adapter: a folder or a pulled <c>OWNER/NAME[@REVISION]</c>; null for none.</summary>
    public string? Adapter { get; set; }

    /// <summary>The file of the mask codec; null for the one beside the model.</summary>
    public string? MaskCodec { get; set; }

    /// <summary>How weights are held.</summary>
    public WeightStorage Weights { get; set; }

    /// <summary>Threads to compute with, 1 to 1024; 0 for one per processor.</summary>
    public int Threads { get; set; }

    /// <summary>The most sequences computed together, 1 to 1024.</summary>
    public int MaxBatch { get; set; } = 64;

    /// <summary>The most requests that wait, at least 1.</summary>
    public int MaxQueuedRequests { get; set; } = 1024;

    /// <summary>The name the chat client gives its model; null for the name of the checkpoint's folder.</summary>
    public string? ModelId { get; set; }

    /// <summary>The most tokens of a chat answer unless the request says otherwise, at least 1.</summary>
    public int DefaultMaxTokens { get; set; } = 256;

    /// <summary>What becomes of conversations with earlier turns.</summary>
    public ConversationHistory History { get; set; }

    /// <summary>Whether the model is loaded, and asked once about a picture, while the program starts; otherwise when it is needed first.</summary>
    public bool LoadAtStart { get; set; } = true;

    /// <summary>The options the library takes.</summary>
    internal PaliGemmaOptions ToModelOptions() => new()
    {
        Adapter = Adapter,
        MaskCodec = MaskCodec,
        Weights = Weights,
        MaxBatch = MaxBatch,
        MaxQueuedRequests = MaxQueuedRequests,
        Cpu = new Tensors.Cpu.CpuOptions { Threads = Threads },
    };
}
