namespace PaliSharp.Models;

/// <summary>The geometry of a whole model, as read from a checkpoint's configuration.</summary>
public sealed record PaliGemmaConfig
{
    /// <summary>The image encoder.</summary>
    public required SigLipConfig Vision { get; init; }

    /// <summary>The decoder.</summary>
    public required GemmaConfig Text { get; init; }

    /// <summary>The id that stands for image positions; not a text token, and not necessarily a row of the embedding table.</summary>
    public int ImageTokenId { get; init; } = 257152;

    /// <summary>The id that begins every text.</summary>
    public int BosTokenId { get; init; } = 2;

    /// <summary>The ids that end a generation.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [1];

    /// <summary>The id of padding.</summary>
    public int PadTokenId { get; init; }

    /// <summary>The number of image tokens of one picture: the number of patches.</summary>
    public int ImageTokens => Vision.PatchCount;
}

/// <summary>The geometry of the SigLIP image encoder (vision transformer without class token and pooling).</summary>
public sealed record SigLipConfig
{
    /// <summary>The edge of the square input picture in pixels.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>The edge of a patch in pixels.</summary>
    public int PatchSize { get; init; } = 16;

    /// <summary>The number of colour channels.</summary>
    public int Channels { get; init; } = 3;

    /// <summary>The width of the residual stream.</summary>
    public int Width { get; init; } = 768;

    /// <summary>The width of the MLP's hidden layer.</summary>
    public int MlpWidth { get; init; } = 3072;

    /// <summary>The number of blocks.</summary>
    public int Layers { get; init; } = 12;

    /// <summary>The number of attention heads; divides the width.</summary>
    public int Heads { get; init; } = 12;

    /// <summary>The ε of the layer norms.</summary>
    public float NormEpsilon { get; init; } = 1e-6f;

    /// <summary>The width of a head.</summary>
    public int HeadSize => Width / Heads;

    /// <summary>The patches along one edge.</summary>
    public int Grid => ImageSize / PatchSize;

    /// <summary>The patches of a picture.</summary>
    public int PatchCount => Grid * Grid;
}

/// <summary>Which generation of Gemma a decoder is.</summary>
public enum GemmaVersion
{
    /// <summary>Two norms to a block, no soft-caps.</summary>
    Gemma1,

    /// <summary>Norms before and after both halves of a block, soft-caps.</summary>
    Gemma2,
}

/// <summary>The geometry of a Gemma decoder.</summary>
public sealed record GemmaConfig
{
    /// <summary>The generation.</summary>
    public required GemmaVersion Version { get; init; }

    /// <summary>The rows of the embedding table, unused ones included.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The width of the residual stream, D.</summary>
    public required int Width { get; init; }

    /// <summary>The width of one branch of the gated MLP, F.</summary>
    public required int MlpWidth { get; init; }

    /// <summary>The number of blocks, L.</summary>
    public required int Layers { get; init; }

    /// <summary>The number of query heads, N.</summary>
    public required int Heads { get; init; }

    /// <summary>The number of key and value heads, K; divides N.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>The width of a head, H; even.</summary>
    public required int HeadSize { get; init; }

    /// <summary>Attention logits are divided by the square root of this: H, or D/N in the 27B decoder.</summary>
    public required float QueryScalar { get; init; }

    /// <summary>The cap of attention logits; 0 for none.</summary>
    public float AttentionSoftCap { get; init; }

    /// <summary>The cap of output logits; 0 for none.</summary>
    public float FinalSoftCap { get; init; }

    /// <summary>The sliding window of the even layers; 0 for none. The training code had none, so it acts only when asked for.</summary>
    public int SlidingWindow { get; init; }

    /// <summary>The base of the rotary wavelengths.</summary>
    public float RopeTheta { get; init; } = 10_000f;

    /// <summary>The ε of the RMS norms.</summary>
    public float NormEpsilon { get; init; } = 1e-6f;

    /// <summary>The longest sequence, image tokens included.</summary>
    public int MaxPositions { get; init; } = 8192;
}
