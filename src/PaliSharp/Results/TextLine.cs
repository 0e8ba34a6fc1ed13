using System.Text.Json.Serialization;
using PaliSharp.Generation;
using PaliSharp.Tasks;

namespace PaliSharp.Results;

/// <summary>A text answer in JSON.</summary>
/// <param name="Image">The picture; null for text alone or for several pictures in one prompt.</param>
/// <param name="Prompt">The text the model saw; null if token ids were given.</param>
/// <param name="Text">What it wrote.</param>
/// <param name="Tokens">The ids of what it wrote, without the one that ended the text.</param>
/// <param name="LogProb">The sum of the log-probabilities, that of the end included.</param>
/// <param name="FinishReason">
/// <c>stop</c>, <c>stop_string</c>, <c>stop_condition</c>, <c>repetition</c> or <c>length</c>; only the first two are complete answers.
/// </param>
/// <param name="Images">The pictures, where one prompt has several.</param>
/// <param name="Usage">How many tokens it took.</param>
/// <param name="Warnings">What in the answer was left out, did not parse or may be missing.</param>
public record TextLine(
    string? Image,
    string? Prompt,
    string Text,
    IReadOnlyList<int> Tokens,
    [property: JsonPropertyName("logprob")] double LogProb,
    string FinishReason,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Images,
    UsageItem Usage,
    IReadOnlyList<string> Warnings) : ResultLine
{
    /// <summary>
    /// For each token the likeliest ones at its place, the likeliest first, and last those at the place of the token that ended the text; null
    /// unless asked for.
    /// </summary>
    [JsonPropertyName("top_logprobs")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<IReadOnlyList<TokenItem>>? TopLogProbs { get; init; }

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
            Name(result.FinishReason),
            images,
            UsageItem.Of([result]),
            [])
        {
            TopLogProbs = result.TopTokens.Count == 0 ? null : [.. result.TopTokens.Select(TokenItem.Of)],
        };
    }

    /// <summary>Describes a text.</summary>
    /// <param name="image">The picture's name; null for text alone or for several pictures in one prompt.</param>
    /// <param name="images">The names of the pictures, where one prompt has several; null otherwise.</param>
    /// <param name="result">The text.</param>
    /// <exception cref="ArgumentNullException">There is no result.</exception>
    public static TextLine Of(string? image, IReadOnlyList<string>? images, TextResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return Of(image, images, result.Generation) with { Text = result.Text, Warnings = result.Warnings };
    }
}

/// <summary>A token and how likely the model found it.</summary>
/// <param name="Id">The token.</param>
/// <param name="LogProb">The natural logarithm of its probability.</param>
public sealed record TokenItem(int Id, [property: JsonPropertyName("logprob")] double LogProb)
{
    internal static IReadOnlyList<TokenItem> Of(IReadOnlyList<SampledToken> tokens) => [.. tokens.Select(token => new TokenItem(token.Id, token.LogProbability))];
}
