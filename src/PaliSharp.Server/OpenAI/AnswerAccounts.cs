using PaliSharp.Generation;
using PaliSharp.Server.Hosting;

namespace PaliSharp.Server.OpenAI;

/// <summary>What a request cost: tokens and time.</summary>
/// <param name="Usage">The tokens.</param>
/// <param name="Timings">The time.</param>
internal sealed record AnswerAccounts(ChatUsage Usage, TimingsBlock Timings)
{
    /// <summary>Adds up answers, and notes the sums for the log and the metrics.</summary>
    /// <param name="call">The request.</param>
    /// <param name="results">Its answers.</param>
    /// <param name="prompts">Those of them whose prompts count: all, or one where they share a prompt.</param>
    /// <param name="read">The tokens that were read without an answer being written.</param>
    public static AnswerAccounts Of(
        ApiCall call, IReadOnlyList<GenerationResult> results, IEnumerable<GenerationResult> prompts, (int Text, int Image) read = default)
    {
        (int text, int image) = prompts.Aggregate(read, (sum, result) => (sum.Text + result.PromptTokens, sum.Image + result.ImageTokens));
        int written = results.Sum(result => result.Tokens.Count);
        CallRecord record = call.Record;
        record.PromptTokens = text + image;
        record.ImageTokens = image;
        record.AnswerTokens = written;
        return new AnswerAccounts(
            new ChatUsage(text + image, written, text + image + written, new PromptTokensDetails(text, image, 0)), TimesOf(call, results));
    }

    // Answers run side by side: the longest of each stage is what the caller waited for.
    private static TimingsBlock TimesOf(ApiCall call, IReadOnlyList<GenerationResult> results)
    {
        CallTimings timings = call.Timings;
        TimeSpan Longest(Func<GenerationTimings, TimeSpan> part) => results.Count == 0 ? TimeSpan.Zero : results.Max(result => part(result.Timings));
        TimeSpan before = timings.Queued + timings.Pictures;
        TimeSpan decode = Longest(times => times.Decode);
        int later = results.Sum(result => Math.Max(0, result.GeneratedTokens - 1));
        return new TimingsBlock(
            Milliseconds(timings.Queued + Longest(times => times.Queue)),
            Milliseconds(timings.Pictures + Longest(times => times.Picture)),
            Milliseconds(Longest(times => times.Prefill)),
            Milliseconds(decode),
            Milliseconds(timings.FirstText ?? (before + Longest(times => times.FirstToken))),
            Milliseconds(timings.Elapsed),
            decode > TimeSpan.Zero ? Math.Round(later / decode.TotalSeconds, 1) : 0);
    }

    private static double Milliseconds(TimeSpan time) => Math.Round(time.TotalMilliseconds, 3);
}
