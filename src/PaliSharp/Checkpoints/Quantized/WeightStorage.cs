namespace PaliSharp.Checkpoints;

/// <summary>How the matrices of a model are held while it runs. Norms, biases and the position table are float32 always.</summary>
public enum WeightStorage
{
    /// <summary>
    /// The quantised file of 8 bits beside the checkpoint if there is one, else what the checkpoint holds, else (where only that was kept) the
    /// quantised file of 4 bits.
    /// </summary>
    Auto,

    /// <summary>What the checkpoint holds, memory-mapped.</summary>
    Stored,

    /// <summary>Single precision; other types are widened into memory.</summary>
    Float32,

    /// <summary>bfloat16; other types are rounded into memory.</summary>
    BFloat16,

    /// <summary>
    /// 8 bits: the quantised file beside the checkpoint, memory-mapped. Without one a small checkpoint is quantised in memory; a large one is an error
    /// that says how to make the file.
    /// </summary>
    Int8,

    /// <summary>4 bits in the decoder's layers, 8 bits elsewhere; found or made as for <see cref="Int8"/>.</summary>
    Int4,
}
