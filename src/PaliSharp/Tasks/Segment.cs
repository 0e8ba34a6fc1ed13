using PaliSharp.Generation;
using PaliSharp.Segmentation;

namespace PaliSharp.Tasks;

/// <summary>One object found in a picture, with its mask.</summary>
/// <param name="Box">Where, in pixels of the oriented original.</param>
/// <param name="Label">What, as the model wrote it; may be empty.</param>
/// <param name="Mask">Which pixels of the oriented original belong to it; none outside the box.</param>
/// <param name="Score">
/// How sure the model was, 0 to 1: the geometric mean of the probabilities of the tokens of box, mask and label, under the unmasked softmax.
/// </param>
/// <param name="BoxScore">The same over the four location tokens alone.</param>
/// <param name="MaskScore">The same over the 16 segmentation tokens alone.</param>
/// <param name="LabelScore">The same over the label's tokens alone; 1 for an empty label.</param>
public sealed record Segment(BoundingBox Box, string Label, Mask Mask, float Score, float BoxScore, float MaskScore, float LabelScore)
{
    /// <summary>The 16 codes of the mask, as <see cref="MaskCodec.Decode(ReadOnlySpan{int})"/> takes them.</summary>
    public required IReadOnlyList<int> Codes { get; init; }

    /// <summary>The pixels over which the decoded mask is stretched; empty if the box is smaller than a pixel.</summary>
    public required PixelBox Pixels { get; init; }
}

/// <summary>What a segmentation prompt yielded, with the frame its boxes and masks refer to.</summary>
public sealed record SegmentationResult : ITaskResult
{
    /// <summary>The objects, in the order the model named them.</summary>
    public required IReadOnlyList<Segment> Segments { get; init; }

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
    public FinishReason FinishReason => Generation.FinishReason;

    /// <summary>What in the answer did not parse and was left out.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>The model's answer itself.</summary>
    public required GenerationResult Generation { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<GenerationResult> Generations => [Generation];
}

/// <summary>How an answer is read.</summary>
public enum AnswerReading
{
    /// <summary>By token ids; what does not follow the grammar exactly is left out.</summary>
    Strict,

    /// <summary>By text, as the public demo does, see <see cref="PublicDemoParser"/>; <see cref="LocationConvention.PublicDemo"/> always applies.</summary>
    PublicDemo,
}

/// <summary>How objects are segmented.</summary>
public sealed record SegmentationOptions
{
    /// <summary>How location tokens map to coordinates.</summary>
    public LocationConvention Convention { get; init; }

    /// <summary>
    /// Makes the model follow the grammar of segmentation with the asked phrases as labels, so that the answer always parses. It also ends the
    /// answer where no further object would fit the limit on tokens.
    /// </summary>
    public bool Constrain { get; init; }

    /// <summary>How the answer is read.</summary>
    public AnswerReading Reading { get; init; }
}
