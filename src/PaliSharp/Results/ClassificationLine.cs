using System.Text.Json.Serialization;
using PaliSharp.Imaging;
using PaliSharp.Tasks;

namespace PaliSharp.Results;

/// <summary>The labels of one picture in JSON.</summary>
/// <param name="Image">The picture.</param>
/// <param name="Width">The width of the oriented original in pixels.</param>
/// <param name="Height">Its height.</param>
/// <param name="Prompt">The text the model saw.</param>
/// <param name="Labels">The labels, the best first.</param>
public sealed record ClassificationLine(string Image, int Width, int Height, string Prompt, IReadOnlyList<LabelItem> Labels)
{
    /// <summary>Describes a result.</summary>
    /// <param name="name">The picture's name.</param>
    /// <param name="image">The picture.</param>
    /// <param name="result">The result.</param>
    /// <param name="labels">Those of its labels that are shown.</param>
    /// <exception cref="ArgumentNullException">An argument is missing.</exception>
    public static ClassificationLine Of(string name, Image image, ClassificationResult result, IReadOnlyList<LabelScore> labels)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(labels);
        return new ClassificationLine(
            name,
            image.Width,
            image.Height,
            result.Prompt,
            [.. labels.Select(label => new LabelItem(label.Label, label.Probability, label.Score, label.LogProbability))]);
    }
}

/// <summary>One label in JSON.</summary>
/// <param name="Label">The label.</param>
/// <param name="Probability">The softmax of the scores over all labels.</param>
/// <param name="Score">What labels are compared by.</param>
/// <param name="LogProb">The sum of the log-probabilities of the label and of the end.</param>
public sealed record LabelItem(string Label, double Probability, double Score, [property: JsonPropertyName("logprob")] double LogProb);
