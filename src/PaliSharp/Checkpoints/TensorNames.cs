namespace PaliSharp.Checkpoints;

/// <summary>
/// Maps the names of all generations of checkpoints to the canonical ones, which are those of the published files:
/// <c>vision_tower.vision_model.…</c>, <c>multi_modal_projector.linear.…</c>, <c>language_model.model.…</c>.
/// </summary>
internal static class TensorNames
{
    /// <summary>The tied table, input embedding and output head at once.</summary>
    public const string Embedding = "language_model.model.embed_tokens.weight";

    /// <summary>The output head, where a file stores it apart.</summary>
    public const string Head = "language_model.lm_head.weight";

    /// <summary>The positions of the image encoder.</summary>
    public const string Positions = "vision_tower.vision_model.embeddings.position_embedding.weight";

    private const string Vision = "vision_tower.";
    private const string VisionModel = "vision_tower.vision_model.";
    private const string Language = "language_model.";
    private const string LanguageModel = "language_model.model.";
    private const string Projector = "multi_modal_projector.";

    /// <summary>The canonical name of a tensor or module, whether or not a model has it.</summary>
    /// <param name="name">A name in any generation.</param>
    public static string Canonical(string name)
    {
        ReadOnlySpan<char> rest = name;
        if (rest.StartsWith("model."))
            rest = rest["model.".Length..];
        if (rest.StartsWith("lm_head"))
            return $"{Language}{rest}";
        if (rest.StartsWith(Projector))
            return rest.ToString();
        if (rest.StartsWith(Vision))
            return rest.StartsWith(VisionModel) ? rest.ToString() : $"{VisionModel}{rest[Vision.Length..]}";
        if (rest.StartsWith(Language))
        {
            bool complete = rest.StartsWith(LanguageModel) || rest.StartsWith("language_model.lm_head");
            return complete ? rest.ToString() : $"{LanguageModel}{rest[Language.Length..]}";
        }

        return name;
    }

    /// <summary>Whether a tensor belongs to no computation: a pooling head that some writers add, or a buffer that old ones saved.</summary>
    /// <param name="canonical">A canonical name.</param>
    public static bool IsIgnorable(string canonical) =>
        canonical.StartsWith($"{VisionModel}head.", StringComparison.Ordinal)
        || canonical == $"{VisionModel}embeddings.position_ids"
        || (canonical.StartsWith(LanguageModel, StringComparison.Ordinal) && canonical.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal));
}
