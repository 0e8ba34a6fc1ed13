using System.Text.Json;
using System.Text.Json.Serialization;
using PaliSharp.Generation;

namespace PaliSharp.Results;

/// <summary>A result as <c>--json</c>, batch jobs, exports and the server write it: one JSON object. <c>docs/json.md</c> describes the shapes.</summary>
public abstract record ResultLine
{
    private const int NearlyLast = 999;
    private const int Last = 1000;

    /// <summary>Where the time went; null to leave it out, as times differ from run to run.</summary>
    [JsonPropertyOrder(NearlyLast)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TimingsItem? Timings { get; init; }

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
    internal static UsageItem Of(IReadOnlyList<GenerationResult> answers) => new(
        answers.Sum(answer => answer.ImageTokens), answers.Sum(answer => answer.PromptTokens), answers.Sum(answer => answer.Tokens.Count));
}

/// <summary>Where the time of an answer went, in milliseconds.</summary>
/// <param name="QueueMs">From the call until the request had its place in the batch.</param>
/// <param name="PictureMs">Until its pictures were resized and encoded.</param>
/// <param name="PrefillMs">Until the first token was chosen.</param>
/// <param name="DecodeMs">Until the last one was.</param>
/// <param name="TotalMs">All of it.</param>
public sealed record TimingsItem(double QueueMs, double PictureMs, double PrefillMs, double DecodeMs, double TotalMs)
{
    /// <summary>The times of an answer; of several the one that took longest, as they ran side by side.</summary>
    /// <param name="answers">The answers; null or none gives null.</param>
    public static TimingsItem? Of(IReadOnlyList<GenerationResult>? answers)
    {
        if (answers is null or [])
            return null;
        GenerationTimings timings = answers.MaxBy(answer => answer.Timings.Total)!.Timings;
        return new TimingsItem(Ms(timings.Queue), Ms(timings.Picture), Ms(timings.Prefill), Ms(timings.Decode), Ms(timings.Total));
    }

    private static double Ms(TimeSpan time) => Math.Round(time.TotalMilliseconds, 3);
}
