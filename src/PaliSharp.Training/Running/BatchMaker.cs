using PaliSharp.Checkpoints;
using PaliSharp.Imaging;
using PaliSharp.Models;
using PaliSharp.Tensors;
using PaliSharp.Tokenization;
using PaliSharp.Training.Data;

namespace PaliSharp.Training.Running;

/// <summary>Takes examples from a source and makes tokens and pixels of them.</summary>
/// <param name="source">The examples.</param>
/// <param name="encoder">Makes tokens.</param>
/// <param name="config">The geometry.</param>
/// <param name="preprocessing">Makes pixels.</param>
/// <param name="pool">Lends the memory of pixels.</param>
/// <param name="maxTextTokens">The longest text.</param>
/// <param name="skipped">Counts examples whose prompt leaves no room for an answer.</param>
internal sealed class BatchMaker(
    ITrainingSource source,
    PromptEncoder encoder,
    PaliGemmaConfig config,
    ImagePreprocessing preprocessing,
    TensorPool pool,
    int maxTextTokens,
    DataReport skipped)
{
    // Data that goes on like this was not meant for this length of text.
    private const int MostSkippedInARow = 1000;

    /// <summary>Takes the next examples.</summary>
    /// <param name="count">How many.</param>
    /// <param name="partSize">How many go through the model together.</param>
    public TrainingBatch Next(int count, int partSize)
    {
        int cut = 0;
        var parts = new List<MicroBatch>();
        for (int start = 0; start < count; start += partSize)
            parts.Add(Part(Math.Min(partSize, count - start), ref cut));
        return new TrainingBatch(parts, LossTotals.Of(parts.SelectMany(part => part.Sequences)), cut, source.SavePosition());
    }

    private MicroBatch Part(int count, ref int cut)
    {
        var images = new List<Image>();
        var sequences = new List<TrainingSequence>();
        for (int i = 0; i < count; i++)
        {
            (TrainingExample example, EncodedPrompt prompt) = NextFitting();
            int[] pictures = [.. example.Images.Select(image => Place(image, images))];
            sequences.Add(Sequence(example, prompt, pictures, ref cut));
        }

        return new MicroBatch(Pixels(images), sequences);
    }

    // Several examples about one and the same picture share it: the image encoder sees it once.
    private static int Place(Image image, List<Image> images)
    {
        int known = images.FindLastIndex(other => ReferenceEquals(other, image));
        if (known >= 0)
            return known;
        images.Add(image);
        return images.Count - 1;
    }

    private (TrainingExample Example, EncodedPrompt Prompt) NextFitting()
    {
        for (int inARow = 1; ; inARow++)
        {
            TrainingExample example = source.Next();
            if (example.Suffix.Length == 0)
                throw new RecipeException($"The example {example.Origin} has an empty suffix: there is nothing to learn. Remove it, or give it an answer.");
            EncodedPrompt prompt = encoder.Encode(example.Prefix, example.Suffix, endOfText: true);
            if (prompt.PrefixLength < maxTextTokens)
                return (example, prompt);
            string problem = $"The prompt of the example {example.Origin} has {prompt.PrefixLength} tokens, which leaves no room for an answer "
                + $"within {maxTextTokens}.";
            skipped.Add(BadItemKind.TextTooLong, problem);
            if (inARow == MostSkippedInARow)
                throw new RecipeException($"{problem} So it was with {inARow} examples in a row. Raise maxTextTokens.");
        }
    }

    private TrainingSequence Sequence(TrainingExample example, EncodedPrompt prompt, int[] pictures, ref int cut)
    {
        int[] ids = prompt.Ids;
        if (ids.Length > maxTextTokens)
        {
            cut++;
            ids = ids[..maxTextTokens];
        }

        return new TrainingSequence(ids, prompt.PrefixLength, pictures) { Origin = example.Origin };
    }

    private Tensor? Pixels(List<Image> images)
    {
        if (images.Count == 0)
            return null;
        SigLipConfig vision = config.Vision;
        int values = vision.Channels * vision.ImageSize * vision.ImageSize;
        Tensor pixels = pool.Rent(new TensorShape(images.Count, vision.Channels, vision.ImageSize, vision.ImageSize));
        for (int i = 0; i < images.Count; i++)
            preprocessing.ToPixelValues(images[i], pixels.Span.Slice(i * values, values));
        return pixels;
    }
}
