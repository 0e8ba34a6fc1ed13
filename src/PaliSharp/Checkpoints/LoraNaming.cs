namespace PaliSharp.Checkpoints;

/// <summary>
/// How module paths were written when an adapter was trained. Targets are matched against those paths, and only the keys tell which
/// generation it was; where a part of the model has no key, several spellings remain possible.
/// </summary>
/// <param name="Language">Stands for <c>language_model.model.</c>.</param>
/// <param name="Vision">Stands for <c>vision_tower.vision_model.</c>.</param>
/// <param name="Projector">Stands before <c>multi_modal_projector.</c>.</param>
internal sealed record LoraNaming(string Language, string Vision, string Projector)
{
    private const string CanonicalLanguage = "language_model.model.";
    private const string CanonicalVision = "vision_tower.vision_model.";

    private static readonly LoraNaming[] All =
    [
        new("model.language_model.", "model.vision_tower.", "model."),
        new("model.language_model.", "model.vision_tower.vision_model.", "model."),
        new(CanonicalLanguage, CanonicalVision, ""),
        new(CanonicalLanguage, "vision_tower.", ""),
        new("model.language_model.model.", "model.vision_tower.vision_model.", "model."),
        new("language_model.", CanonicalVision, ""),
        new("language_model.", "vision_tower.", ""),
    ];

    /// <summary>The ways of writing under which paths are what they are.</summary>
    /// <param name="paths">Paths of modules as the adapter has them.</param>
    public static IReadOnlyList<LoraNaming> Of(IEnumerable<string> paths)
    {
        List<string> given = [.. paths];
        return [.. All.Where(naming => given.TrueForAll(path => naming.Write(TensorNames.Canonical(path)) == path))];
    }

    /// <summary>The path of a module in this way of writing.</summary>
    /// <param name="canonical">Its canonical path.</param>
    public string Write(string canonical)
    {
        if (canonical.StartsWith(CanonicalLanguage, StringComparison.Ordinal))
            return $"{Language}{canonical.AsSpan(CanonicalLanguage.Length)}";
        if (canonical.StartsWith(CanonicalVision, StringComparison.Ordinal))
            return $"{Vision}{canonical.AsSpan(CanonicalVision.Length)}";
        return canonical.StartsWith("multi_modal_projector.", StringComparison.Ordinal) ? $"{Projector}{canonical}" : canonical;
    }
}
