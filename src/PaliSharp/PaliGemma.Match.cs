using PaliSharp.Imaging;
using PaliSharp.Tasks;

namespace PaliSharp;

/// <content>Matching of pictures and texts.</content>
public sealed partial class PaliGemma
{
    /// <summary>How well a text fits a picture: how much likelier the model finds it with the picture than without.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="text">The text, such as a caption; not empty.</param>
    /// <param name="options">The prompt and what is compared with; null for the defaults.</param>
    /// <param name="cancellationToken">Stops between passes.</param>
    /// <exception cref="PromptException">The text is empty or does not fit the model's context.</exception>
    public async Task<MatchResult> MatchAsync(Image image, string text, MatchOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new MatchOptions();
        var scoring = new ClassificationOptions { Scoring = LabelScoring.PriorCorrected, Prior = options.Prior };
        ClassificationResult result = await ClassifyAsync(image, [text], options.Prompt, scoring, cancellationToken);
        LabelScore only = result.Best;
        return new MatchResult(only.Score / only.TokenLogProbabilities.Count, only.LogProbability, only.LogProbability - only.Score);
    }

    /// <summary>Ranks texts for a picture, by how much likelier the model finds each with the picture than without.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="texts">The texts, at least one, none empty.</param>
    /// <param name="options">The prompt and what is compared with; null for the defaults.</param>
    /// <param name="cancellationToken">Stops between passes.</param>
    /// <returns>The texts, the best first, with probabilities over all of them.</returns>
    /// <exception cref="PromptException">There is no text, one is empty, or they do not fit the model's context.</exception>
    public Task<ClassificationResult> RankTextsAsync(
        Image image, IReadOnlyList<string> texts, MatchOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new MatchOptions();
        return ClassifyAsync(image, texts, options.Prompt, new ClassificationOptions { Scoring = LabelScoring.PriorCorrected, Prior = options.Prior }, cancellationToken);
    }

    /// <summary>Ranks pictures for a text, by how likely the model finds it as its answer about each.</summary>
    /// <param name="images">The pictures, at least one.</param>
    /// <param name="text">The text, such as a caption; not empty.</param>
    /// <param name="options">The prompt and how many pictures at once; null for the defaults.</param>
    /// <param name="cancellationToken">Stops between passes.</param>
    /// <returns>The pictures, the best first; equal ones in the order given.</returns>
    /// <exception cref="PromptException">There is no picture, the text is empty or does not fit the model's context.</exception>
    public async Task<IReadOnlyList<PictureMatch>> RankPicturesAsync(
        IReadOnlyList<Image> images, string text, MatchOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        options ??= new MatchOptions();
        if (images.Count == 0)
            throw new PromptException("There is no picture to rank. Give at least one.");
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Concurrency, 1, nameof(options));
        double[] scores = new double[images.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, images.Count),
            new ParallelOptions { MaxDegreeOfParallelism = options.Concurrency, CancellationToken = cancellationToken },
            async (i, token) => scores[i] = (await ClassifyAsync(images[i], [text], options.Prompt, cancellationToken: token)).Best.LogProbability);
        return PictureMatch.Rank(scores);
    }
}
