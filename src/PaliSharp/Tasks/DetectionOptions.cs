namespace PaliSharp.Tasks;

/// <summary>How things are detected. Everything is off by default: one prompt, its answer as the model wrote it.</summary>
public sealed record DetectionOptions
{
    /// <summary>How location tokens map to coordinates.</summary>
    public LocationConvention Convention { get; init; }

    /// <summary>
    /// Makes the model follow the grammar of detection with the asked phrases as labels, so that the answer always parses. It also ends the
    /// answer where no further object would fit the limit on tokens.
    /// </summary>
    public bool Constrain { get; init; }

    /// <summary>Asks for each phrase with a prompt of its own and joins the answers, in the order of the phrases.</summary>
    public bool OnePromptPerPhrase { get; init; }

    /// <summary>
    /// Removes boxes that overlap a surer one by more than this intersection over union, 0 to 1; null, the default, keeps all. See
    /// <see cref="AcrossLabels"/>.
    /// </summary>
    public double? MaxOverlap { get; init; }

    /// <summary>Lets <see cref="MaxOverlap"/> compare boxes of different labels, too.</summary>
    public bool AcrossLabels { get; init; }

    /// <summary>
    /// Replaces each label by the asked phrase nearest to it and reports the distance, see <see cref="Detection.LabelDistance"/>.
    /// </summary>
    public bool SnapLabels { get; init; }

    /// <summary>
    /// Ends an answer when the same four location tokens come for the third time: a model that repeats a box so often seldom stops by itself.
    /// The result says so in its warnings.
    /// </summary>
    public bool StopAtRepeatedBoxes { get; init; }

    /// <summary>Cuts the picture into overlapping tiles that are asked about one by one, for small things in large pictures; null for none.</summary>
    public TilingOptions? Tiling { get; init; }

    internal void Validate()
    {
        Tiling?.Validate();
        if (MaxOverlap is not (null or (>= 0 and <= 1)))
            throw new ArgumentOutOfRangeException(nameof(MaxOverlap), MaxOverlap, "MaxOverlap must be 0 to 1, or null to keep all boxes.");
    }
}
