using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;

namespace PaliSharp;

/// <content>Segmentation: boxes and masks.</content>
public sealed partial class PaliGemma
{
    /// <summary>The codec between <c>&lt;seg&gt;</c> tokens and masks; read when it is asked for first.</summary>
    /// <exception cref="CheckpointException">There is none, see <see cref="PaliGemmaOptions.MaskCodec"/>, or it is malformed.</exception>
    public MaskCodec MaskCodec => _maskCodec.Value;

    /// <summary>Finds things in a picture and which pixels belong to them.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="phrases">What to look for, free descriptions.</param>
    /// <param name="options">How to answer; null for greedy decoding of up to 512 tokens.</param>
    /// <param name="segmentation">How the answer is read; null for the defaults.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>Boxes in pixels and masks of the oriented original, with labels and scores.</returns>
    /// <exception cref="PromptException">There is nothing to look for, or the model has no location tokens.</exception>
    /// <exception cref="CheckpointException">There is no mask codec, see <see cref="PaliGemmaOptions.MaskCodec"/>.</exception>
    public Task<SegmentationResult> SegmentAsync(
        Image image,
        IReadOnlyList<string> phrases,
        GenerationOptions? options = null,
        SegmentationOptions? segmentation = null,
        CancellationToken cancellationToken = default) =>
        RunAsync(image, new SegmentationTask(phrases) { Segmentation = segmentation ?? new SegmentationOptions(), Options = options }, cancellationToken);

    /// <summary>Finds the same things in several pictures and which pixels belong to them, computed together.</summary>
    /// <param name="images">The pictures.</param>
    /// <param name="phrases">What to look for, free descriptions.</param>
    /// <param name="options">How to answer; null for greedy decoding of up to 512 tokens.</param>
    /// <param name="segmentation">How the answer is read; null for the defaults.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>One result for each picture, in order.</returns>
    /// <exception cref="PromptException">There is nothing to look for, or the model has no location tokens.</exception>
    /// <exception cref="CheckpointException">There is no mask codec, see <see cref="PaliGemmaOptions.MaskCodec"/>.</exception>
    public Task<IReadOnlyList<SegmentationResult>> SegmentBatchAsync(
        IReadOnlyList<Image> images,
        IReadOnlyList<string> phrases,
        GenerationOptions? options = null,
        SegmentationOptions? segmentation = null,
        CancellationToken cancellationToken = default) =>
        RunBatchAsync(images, new SegmentationTask(phrases) { Segmentation = segmentation ?? new SegmentationOptions(), Options = options }, cancellationToken);

    /// <summary>Reads an answer to a segmentation prompt as boxes and masks.</summary>
    /// <param name="image">The picture the answer is about.</param>
    /// <param name="answer">What the model wrote.</param>
    /// <param name="segmentation">How the answer is read; null for the defaults.</param>
    /// <exception cref="PromptException">The model has no location tokens.</exception>
    /// <exception cref="CheckpointException">There is no mask codec, see <see cref="PaliGemmaOptions.MaskCodec"/>.</exception>
    public SegmentationResult ReadSegments(Image image, GenerationResult answer, SegmentationOptions? segmentation = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(answer);
        return SegmentationReader.Read(ObjectTokens.Of(this), MaskCodec, image, answer, segmentation ?? new SegmentationOptions());
    }
}
