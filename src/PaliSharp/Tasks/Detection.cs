using PaliSharp.Generation;

namespace PaliSharp.Tasks;

/// <summary>One object found in a picture.</summary>
/// <param name="Box">Where, in pixels of the oriented original.</param>
/// <param name="Label">What, as the model wrote it.</param>
/// <param name="Score">
/// How sure the model was, 0 to 1: the geometric mean of the probabilities of the tokens of box and label, under the unmasked softmax.
/// </param>
/// <param name="BoxScore">The same over the four location tokens alone.</param>
/// <param name="LabelScore">The same over the label's tokens alone; 1 for an empty label.</param>
public sealed record Detection(BoundingBox Box, string Label, float Score, float BoxScore, float LabelScore)
{
    /// <summary>With <see cref="DetectionOptions.SnapLabels"/>, what the model wrote; null otherwise.</summary>
    public string? WrittenLabel { get; init; }

    /// <summary>With <see cref="DetectionOptions.SnapLabels"/>, the edit distance of what the model wrote to <see cref="Label"/>; null otherwise.</summary>
    public int? LabelDistance { get; init; }
}

/// <summary>What a detection prompt yielded, with the frame its boxes refer to.</summary>
public sealed record DetectionResult : ITaskResult
{
    /// <summary>The objects, in the order the model named them; from several tiles, the surest first.</summary>
    public required IReadOnlyList<Detection> Detections { get; init; }

    /// <summary>The width of the oriented original picture in pixels.</summary>
    public required int Width { get; init; }

    /// <summary>The height of the oriented original picture in pixels.</summary>
    public required int Height { get; init; }

    /// <summary>True if the file's orientation turned or mirrored the picture before the model saw it.</summary>
    public required bool OrientationApplied { get; init; }

    /// <summary>
    /// True if there may be more objects: the answer was cut at the limit on tokens, stopped, or had as many objects as its grammar allows.
    /// </summary>
    public bool MayBeIncomplete { get; init; }

    /// <inheritdoc/>
    public FinishReason FinishReason => TaskFinish.Worst(Generations);

    /// <summary>What in the answer did not parse and was left out.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>How many pictures the model saw of it: 1, or with <see cref="DetectionOptions.Tiling"/> the number of tiles and the whole.</summary>
    public int Tiles { get; init; } = 1;

    /// <summary>The model's answer itself; of several, the first.</summary>
    public required GenerationResult Generation { get; init; }

    /// <summary>All answers, tile by tile and prompt by prompt: more than one with <see cref="DetectionOptions.Tiling"/> or <see cref="DetectionOptions.OnePromptPerPhrase"/>.</summary>
    public IReadOnlyList<GenerationResult> Generations
    {
        get => field ?? [Generation];
        init;
    }
}
