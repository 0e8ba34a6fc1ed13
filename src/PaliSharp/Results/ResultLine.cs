using System.Text.Json;
using System.Text.Json.Serialization;
using PaliSharp.Generation;

namespace PaliSharp.Results;

/// <summary>A result as <c>--json</c>, batch jobs, exports and the server write it: one JSON object. <c>docs/json.md</c> describes the shapes.</summary>
public abstract record ResultLine
{
    private const int Last = 1000;

    /// <summary>The version of the shapes, <see cref="ResultJson.SchemaVersion"/>.</summary>
    [JsonPropertyOrder(Last)]
    public int SchemaVersion { get; init; } = ResultJson.SchemaVersion;

    /// <summary>The name of a finish reason in JSON, such as <c>stop_string</c>.</summary>
    internal static string Name(FinishReason reason) => JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString());
}

/// <summary>How many tokens an answer took.</summary>
/// <param name="ImageTokens">Tokens of the pictures.</param>
/// <param name="PromptTokens">Tokens of the text of the prompt, BOS and newline included.</param>
/// <param name="AnswerTokens">Tokens of the answer, without the one that ended it.</param>
public sealed record UsageItem(int ImageTokens, int PromptTokens, int AnswerTokens)
{
    /// <summary>Sums answers up.</summary>
    internal static UsageItem Of(IEnumerable<GenerationResult> answers)
    {
        var usage = new UsageItem(0, 0, 0);
        foreach (GenerationResult answer in answers)
        {
            usage = new UsageItem(
                usage.ImageTokens + answer.ImageTokens, usage.PromptTokens + answer.PromptTokens, usage.AnswerTokens + answer.Tokens.Count);
        }

        return usage;
    }
}
