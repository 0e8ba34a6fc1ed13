using System.Text.Json;
using System.Text.Json.Serialization;
using PaliSharp.Generation;

namespace PaliSharp.Results;

/// <summary>A text answer in JSON.</summary>
/// <param name="Image">The picture; null for text alone or for several pictures in one prompt.</param>
/// <param name="Prompt">The text the model saw.</param>
/// <param name="Text">What it wrote.</param>
/// <param name="Tokens">The ids of what it wrote, without the one that ended the text.</param>
/// <param name="LogProb">The sum of the log-probabilities, that of the end included.</param>
/// <param name="FinishReason"><c>stop</c>, <c>stop_string</c> or <c>length</c>.</param>
/// <param name="Images">The pictures, where one prompt has several.</param>
public sealed record TextLine(
    string? Image,
    string? Prompt,
    string Text,
    IReadOnlyList<int> Tokens,
    [property: JsonPropertyName("logprob")] double LogProb,
    string FinishReason,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Images)
{
    /// <summary>Describes an answer.</summary>
    /// <param name="image">The picture's name; null for text alone or for several pictures in one prompt.</param>
    /// <param name="images">The names of the pictures, where one prompt has several; null otherwise.</param>
    /// <param name="result">The answer.</param>
    /// <exception cref="ArgumentNullException">There is no answer.</exception>
    public static TextLine Of(string? image, IReadOnlyList<string>? images, GenerationResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new TextLine(
            image,
            result.Prompt,
            result.Text,
            [.. result.Tokens.Select(token => token.Id)],
            result.LogProbability,
            JsonNamingPolicy.SnakeCaseLower.ConvertName(result.FinishReason.ToString()),
            images);
    }
}
