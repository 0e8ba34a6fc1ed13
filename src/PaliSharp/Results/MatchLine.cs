using System.Text.Json.Serialization;
using PaliSharp.Imaging;
using PaliSharp.Tasks;

namespace PaliSharp.Results;

/// <summary>How well a text fits a picture, in JSON.</summary>
/// <param name="Image">The picture.</param>
/// <param name="Width">The width of the oriented original in pixels.</param>
/// <param name="Height">Its height.</param>
/// <param name="Text">The text.</param>
/// <param name="Prompt">The prompt whose answer it might be.</param>
/// <param name="Score">See <see cref="MatchResult.Score"/>.</param>
/// <param name="LogProb">The log-probability of the text with the picture.</param>
/// <param name="PriorLogProb">The same without the picture.</param>
public sealed record MatchLine(
    string Image,
    int Width,
    int Height,
    string Text,
    string Prompt,
    double Score,
    [property: JsonPropertyName("logprob")] double LogProb,
    [property: JsonPropertyName("prior_logprob")] double PriorLogProb) : ResultLine
{
    /// <summary>Describes a result.</summary>
    /// <param name="name">The picture's name.</param>
    /// <param name="image">The picture.</param>
    /// <param name="text">The text.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="result">The result.</param>
    /// <exception cref="ArgumentNullException">An argument is missing.</exception>
    public static MatchLine Of(string name, Image image, string text, string prompt, MatchResult result)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(result);
        return new MatchLine(name, image.Width, image.Height, text, prompt, result.Score, result.LogProbability, result.PriorLogProbability);
    }
}
