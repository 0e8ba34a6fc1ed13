namespace PaliSharp.Checkpoints;

/// <summary>What <c>adapter_config.json</c> of a PEFT LoRA adapter says.</summary>
internal sealed record LoraConfig
{
    private const int MaximumItems = 2000;
    private const int MaximumRank = 1 << 14;

    // Initialisations that leave the base model as it is. The others (PiSSA, OLoRA, LoftQ, CorDA, …) subtract from it, so that their
    // adapters are not what has to be added to the published weights.
    private static readonly string[] PlainInitialisations = ["gaussian", "eva", "orthogonal", "default"];

    // Keys that change nothing about loading a plain LoRA adapter.
    private static readonly HashSet<string> Harmless = new(StringComparer.Ordinal)
    {
        "alpha_pattern", "auto_mapping", "base_model_name_or_path", "bias", "ensure_weight_tying", "exclude_modules", "fan_in_fan_out",
        "inference_mode", "init_lora_weights", "layers_pattern", "layers_to_transform", "loftq_config", "lora_alpha", "lora_dropout",
        "megatron_core", "modules_to_save", "peft_type", "peft_version", "qalora_group_size", "r", "rank_pattern", "revision",
        "runtime_config", "target_modules", "task_type", "use_dora", "use_rslora", "corda_config", "eva_config",
        "lora_ga_config",
    };

    // Features that change what is computed, beside those whose name begins with "use_" or ends with "_config".
    private static readonly HashSet<string> Unsupported = new(StringComparer.Ordinal)
    {
        "alora_invocation_tokens", "layer_replication", "lora_bias", "target_parameters", "trainable_token_indices",
    };

    /// <summary>The file.</summary>
    public required string File { get; init; }

    /// <summary>The rank where no pattern says otherwise.</summary>
    public required int Rank { get; init; }

    /// <summary>The numerator of the scale where no pattern says otherwise.</summary>
    public required float Alpha { get; init; }

    /// <summary>Whether the scale is alpha/√rank instead of alpha/rank.</summary>
    public required bool IsRankStabilised { get; init; }

    /// <summary>Whether each output is rescaled to a learned magnitude (DoRA).</summary>
    public required bool IsDora { get; init; }

    /// <summary><c>none</c>, <c>lora_only</c> or <c>all</c>: which biases were trained.</summary>
    public required string Bias { get; init; }

    /// <summary>The modules that carry updates.</summary>
    public required LoraTargets Targets { get; init; }

    /// <summary>The modules that were trained in full.</summary>
    public required IReadOnlyList<string> ModulesToSave { get; init; }

    /// <summary>Whether a saved embedding table also replaces the output head.</summary>
    public required bool KeepsTies { get; init; }

    /// <summary>Ranks of modules by pattern.</summary>
    public required IReadOnlyList<(ModulePattern Pattern, int Rank)> RankPatterns { get; init; }

    /// <summary>Alphas of modules by pattern.</summary>
    public required IReadOnlyList<(ModulePattern Pattern, float Alpha)> AlphaPatterns { get; init; }

    /// <summary>What was found odd but harmless.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>The rank of a module: that of the first pattern that matches.</summary>
    /// <param name="module">The module's path as the adapter was trained.</param>
    public int RankOf(string module)
    {
        foreach ((ModulePattern pattern, int rank) in RankPatterns)
        {
            if (pattern.Matches(module))
                return rank;
        }

        return Rank;
    }

    /// <summary>The factor of B·A of a module.</summary>
    /// <param name="module">The module's path as the adapter was trained.</param>
    public float ScaleOf(string module)
    {
        float alpha = Alpha;
        foreach ((ModulePattern pattern, float value) in AlphaPatterns)
        {
            if (pattern.Matches(module))
            {
                alpha = value;
                break;
            }
        }

        double rank = RankOf(module);
        return (float)(alpha / (IsRankStabilised ? Math.Sqrt(rank) : rank));
    }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CheckpointException">It is missing, malformed, or asks for something that is not supported.</exception>
    public static LoraConfig Load(string path)
    {
        ConfigSection file = ConfigSection.Load(path);
        if (file.Text("peft_type") is not "LORA")
            throw file.Bad("peft_type", "\"LORA\"; other kinds of adapters are not supported");
        var warnings = new List<string>();
        CheckUnsupported(file, warnings);
        string bias = file.Text("bias") ?? "none";
        if (bias is not ("none" or "all" or "lora_only"))
            throw file.Bad("bias", "\"none\", \"all\" or \"lora_only\"");
        if (file.Flag("fan_in_fan_out", false))
            warnings.Add("adapter_config.json: fan_in_fan_out is ignored, as it does not apply to linear layers.");

        IReadOnlyList<string> saved = file.Texts("modules_to_save", MaximumItems) ?? [];
        if (saved.Any(string.IsNullOrEmpty))
            throw file.Bad("modules_to_save", "a list of names");
        return new LoraConfig
        {
            File = path,
            Rank = file.Integer("r", 8, 1, MaximumRank),
            Alpha = file.Number("lora_alpha", 8, 0, 1e6f),
            IsRankStabilised = file.Flag("use_rslora", false),
            IsDora = file.Flag("use_dora", false),
            Bias = bias,
            Targets = LoraTargets.Read(file, MaximumItems),
            ModulesToSave = saved,
            KeepsTies = file.Flag("ensure_weight_tying", false),
            RankPatterns = Patterns(file, "rank_pattern", (section, key) => section.OptionalInteger(key, 1, MaximumRank) ?? throw section.Bad(key, "a rank")),
            AlphaPatterns = Patterns(file, "alpha_pattern", (section, key) => section.Has(key) ? section.Number(key, 0, 0, 1e6f) : throw section.Bad(key, "a number")),
            Warnings = warnings,
        };
    }

    private static List<(ModulePattern Pattern, T Value)> Patterns<T>(ConfigSection file, string key, Func<ConfigSection, string, T> read)
    {
        if (file.Section(key) is not { } section)
            return [];
        List<string> patterns = [.. section.Keys];
        if (patterns.Count > MaximumItems)
            throw file.Bad(key, $"at most {MaximumItems} patterns");
        return [.. patterns.Select(pattern => (ModulePattern.Suffix(pattern, path: file.File), read(section, pattern)))];
    }

    private static void CheckUnsupported(ConfigSection file, List<string> warnings)
    {
        if (file.IsText("init_lora_weights") && file.Text("init_lora_weights") is { } start && !PlainInitialisations.Contains(start))
        {
            throw file.Bad(
                "init_lora_weights",
                "true, false or one that keeps the base model unchanged; adapters of this kind refer to a changed base model. "
                + "Convert it on saving (path_initial_model_for_weight_conversion in PEFT)");
        }

        foreach (string key in file.Keys)
        {
            if (Harmless.Contains(key) || file.IsUnset(key))
                continue;
            if (Unsupported.Contains(key) || key.StartsWith("use_", StringComparison.Ordinal) || key.EndsWith("_config", StringComparison.Ordinal))
                throw file.Bad(key, "null, false or nothing: this feature of PEFT is not supported");
            warnings.Add($"adapter_config.json: the unknown key '{Problems.Shorten(key)}' is ignored.");
        }
    }
}
