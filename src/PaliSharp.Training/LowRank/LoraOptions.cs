namespace PaliSharp.Training.LowRank;

/// <summary>Which biases are trained beside the updates.</summary>
public enum LoraBias
{
    /// <summary>None.</summary>
    None,

    /// <summary>Those of updated layers.</summary>
    LoraOnly,

    /// <summary>All of the model.</summary>
    All,
}

/// <summary>What a low-rank adapter consists of, in PEFT's terms.</summary>
public sealed record LoraOptions
{
    /// <summary>The rank where no pattern says otherwise, at least 1.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>The numerator of the scale alpha ÷ rank where no pattern says otherwise.</summary>
    public double Alpha { get; init; } = 16;

    /// <summary>Divides alpha by √rank instead (rsLoRA), which keeps the size of updates at high ranks.</summary>
    public bool RankStabilised { get; init; }

    /// <summary>Learns the magnitude of each output apart from its direction (DoRA).</summary>
    public bool Dora { get; init; }

    /// <summary>The part of the updates' inputs that is dropped, 0 to below 1.</summary>
    public float Dropout { get; init; }

    /// <summary>
    /// The modules that are updated, each by the end of its path, such as <c>q_proj</c>: the attention of the vision tower has the same names.
    /// </summary>
    public IReadOnlyList<string> Targets { get; init; } = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

    /// <summary>
    /// Instead of <see cref="Targets"/>: a regular expression for the whole path as current transformers has it, such as
    /// <c>.*language_model.*\.(q_proj|v_proj)</c>.
    /// </summary>
    public string? TargetPattern { get; init; }

    /// <summary>Modules that are trained in full and saved with the adapter, each by the end of its path, such as <c>multi_modal_projector</c>.</summary>
    public IReadOnlyList<string> ModulesToSave { get; init; } = [];

    /// <summary>Which biases are trained.</summary>
    public LoraBias Bias { get; init; }

    /// <summary>Ranks of modules whose path ends with a pattern.</summary>
    public IReadOnlyDictionary<string, int> RankPattern { get; init; } = new Dictionary<string, int>();

    /// <summary>Alphas of modules whose path ends with a pattern.</summary>
    public IReadOnlyDictionary<string, double> AlphaPattern { get; init; } = new Dictionary<string, double>();
}
