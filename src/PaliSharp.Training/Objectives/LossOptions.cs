namespace PaliSharp.Training.Objectives;

/// <summary>Over what the losses of tokens are averaged.</summary>
public enum LossReduction
{
    /// <summary>Over the tokens of each example, then over examples, as big_vision does. An example without a token counts 0.</summary>
    ExampleMean,

    /// <summary>Over all tokens of the batch, as transformers does.</summary>
    TokenMean,
}

/// <summary>Who receives the weight that label smoothing takes from the right token.</summary>
public enum SmoothingStyle
{
    /// <summary>All other tokens, s ÷ (rows − 1) each, as in big_vision.</summary>
    OtherTokens,

    /// <summary>All tokens, the right one included, s ÷ rows each, as in PyTorch.</summary>
    AllTokens,
}

/// <summary>How the loss of a batch is computed.</summary>
public sealed record LossOptions
{
    /// <summary>What is averaged over.</summary>
    public LossReduction Reduction { get; init; }

    /// <summary>The weight taken from the right token, 0 to below 1.</summary>
    public float LabelSmoothing { get; init; }

    /// <summary>Who receives it.</summary>
    public SmoothingStyle Smoothing { get; init; }

    /// <summary>
    /// Whether logits are capped as in inference, where the decoder has a final cap: on in pre-training and in transformers, off in big_vision's transfers.
    /// </summary>
    public bool FinalSoftCap { get; init; } = true;

    /// <summary>The memory that a run of logits may take, in bytes: the whole table of all tokens never exists.</summary>
    public long ChunkBytes { get; init; } = 128L << 20;
}
