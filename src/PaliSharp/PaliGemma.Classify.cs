using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Tasks;
using PaliSharp.Tensors;
using PaliSharp.Tokenization;

namespace PaliSharp;

/// <content>Classification by likelihood.</content>
public sealed partial class PaliGemma
{
    // The colour in the middle of the range of pixel values: what the model sees is 0 everywhere.
    private static readonly Image EmptyPicture = Image.FromPixels(1, 1, [128, 128, 128]);

    /// <summary>
    /// Ranks labels by how likely the model finds each as its answer to a prompt about a picture. Picture and prompt are computed once, whatever
    /// the number of labels.
    /// </summary>
    /// <param name="image">The picture.</param>
    /// <param name="labels">The labels, at least one, none empty.</param>
    /// <param name="prompt">The text the model sees, such as <c>answer en which animal is this?</c>.</param>
    /// <param name="options">How labels are compared; null for the default.</param>
    /// <param name="cancellationToken">Stops between passes.</param>
    /// <exception cref="PromptException">There is no label, one is empty, or prompt and labels do not fit the model's context.</exception>
    public async Task<ClassificationResult> ClassifyAsync(
        Image image, IReadOnlyList<string> labels, string prompt, ClassificationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(labels);
        options ??= new ClassificationOptions();
        if (!Enum.IsDefined(options.Scoring) || !Enum.IsDefined(options.Prior))
            throw new ArgumentException($"There is no scoring {options.Scoring} or prior {options.Prior}.", nameof(options));
        PreparedRequest request = Prepare(new GenerationRequest(image, prompt));
        int[][] ids = [.. labels.Select(label => EncodeLabel(Tokenizer!, label))];
        CheckLabels(request, ids);
        bool hasPrior = options.Scoring == LabelScoring.PriorCorrected;
        Image[] pictures = hasPrior && options.Prior == LabelPrior.BlankPicture ? [image, EmptyPicture] : [image];
        var scorer = new LabelScorer(_model, Tokenizer!.EosId, options.FinalSoftCap);
        long kvBytes = scorer.KvBytes(Config.ImageTokens + request.TextIds.Length, ids);
        float[][][] scores = await WorkAsync(pictures, kvBytes, rows => ScoreLabels(scorer, request, rows, ids, hasPrior), cancellationToken);
        return ClassificationResult.Rank(labels, scores[0], scores.ElementAtOrDefault(1), options.Scoring, prompt);
    }

    private static int[] EncodeLabel(Tokenizer tokenizer, string label) => string.IsNullOrEmpty(label)
        ? throw new PromptException("One of the labels is empty. Name it or leave it out.")
        : tokenizer.Encode(label);

    private void CheckLabels(PreparedRequest request, int[][] labels)
    {
        if (labels.Length == 0)
            throw new PromptException("There is no label. Give at least one.");
        int length = Config.ImageTokens + request.TextIds.Length + labels.Max(label => label.Length);
        if (length > Config.Text.MaxPositions)
            throw new PromptException($"Picture, prompt and the longest label take {length} positions, but the model has {Config.Text.MaxPositions}. Shorten the text.");
    }

    private static IEnumerable<float[][][]?> ScoreLabels(LabelScorer scorer, PreparedRequest request, RowRun[] pictures, int[][] labels, bool hasPrior)
    {
        var scores = new float[hasPrior ? 2 : 1][][];
        for (int i = 0; i < scores.Length; i++)
        {
            // The prior is that of the second picture or, without one, of the prompt alone.
            foreach (float[][]? step in scorer.Score(request.TextIds, i < pictures.Length ? pictures.AsMemory(i, 1) : default, labels))
            {
                scores[i] = step!;
                yield return null;
            }
        }

        yield return scores;
    }
}
