using System.Text.Json;
using PaliSharp.Generation;
using PaliSharp.Server.Errors;

namespace PaliSharp.Server.OpenAI;

/// <summary>How a chat request is to be answered.</summary>
/// <param name="Generation">The options of the first answer.</param>
/// <param name="Choices">How many answers.</param>
/// <param name="TopLogprobs">How many of the likeliest tokens are given at each place; null for no log-probabilities.</param>
internal sealed record ChatSettings(GenerationOptions Generation, int Choices, int? TopLogprobs)
{
    private const int DefaultTokens = 256;
    private const int MaxTopLogprobs = 20;
    private const int MaxStops = 16;
    private const int MaxStopLength = 512;

    /// <summary>Reads the settings of a request.</summary>
    /// <exception cref="ApiException">A value is out of range, or two exclude each other.</exception>
    public static ChatSettings Read(ChatRequest request, ServerLimits limits)
    {
        int choices = Between(request.N ?? 1, 1, limits.Choices, "n");
        if (request is { MaxTokens: { } old, MaxCompletionTokens: { } current } && old != current)
            throw ApiException.InvalidValue("max_tokens", $"max_tokens is {old}, but max_completion_tokens is {current}. Send one of them.");
        string tokensField = request.MaxCompletionTokens is null ? "max_tokens" : "max_completion_tokens";
        int tokens = request.MaxCompletionTokens ?? request.MaxTokens ?? Math.Min(DefaultTokens, limits.AnswerTokens);
        if (request.TopLogprobs is not null && request.Logprobs != true)
            throw ApiException.InvalidValue("top_logprobs", "top_logprobs needs logprobs to be true.");
        int? top = request.Logprobs == true ? Between(request.TopLogprobs ?? 0, 0, MaxTopLogprobs, "top_logprobs") : null;
        var options = new GenerationOptions
        {
            MaxNewTokens = Between(tokens, 1, limits.AnswerTokens, tokensField),
            Sampling = ReadSampling(request),
            StopStrings = ReadStops(request.Stop),
            TopLogProbabilities = top ?? 0,
        };
        return new ChatSettings(options, choices, top);
    }

    /// <summary>The options of one of the answers: each draws with a seed of its own.</summary>
    public GenerationOptions OfChoice(int index) => Generation.Sampling.Seed is { } seed && index > 0
        ? Generation with { Sampling = Generation.Sampling with { Seed = unchecked(seed + (ulong)index) } }
        : Generation;

    /// <summary>Reads how tokens are drawn: greedily unless something says otherwise, because that is how the model is meant to answer.</summary>
    private static SamplingOptions ReadSampling(ChatRequest request)
    {
        bool isFiltered = request.TopP is < 1 || request.TopK is > 0 || request.MinP is > 0;
        double temperature = request.Temperature ?? (isFiltered ? 1 : 0);
        Require(temperature is 0 or (>= 1e-6 and <= 100), "temperature", $"temperature is {temperature}; expected 0, or 0.000001 to 100.");
        Require(request.TopP is null or (>= 0 and <= 1), "top_p", $"top_p is {request.TopP}; expected 0 to 1.");
        Require(request.TopK is null or >= 0, "top_k", $"top_k is {request.TopK}; expected 0 (off) or more.");
        Require(request.MinP is null or (>= 0 and <= 1), "min_p", $"min_p is {request.MinP}; expected 0 (off) to 1.");
        Require(
            request.RepetitionPenalty is null or (>= 0.001 and <= 1000),
            "repetition_penalty",
            $"repetition_penalty is {request.RepetitionPenalty}; expected 0.001 to 1000.");
        return new SamplingOptions
        {
            Temperature = temperature,
            TopP = request.TopP ?? 1,
            TopK = request.TopK ?? 0,
            MinP = request.MinP ?? 0,
            RepetitionPenalty = request.RepetitionPenalty ?? 1,
            Seed = request.Seed is { } seed ? unchecked((ulong)seed) : null,
        };
    }

    private static string[] ReadStops(JsonElement? stop)
    {
        string[] stops = stop switch
        {
            null or { ValueKind: JsonValueKind.Null } => [],
            { ValueKind: JsonValueKind.String } => [JsonText.Of(stop.Value, "stop")],
            { ValueKind: JsonValueKind.Array } =>
                [.. stop.Value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? JsonText.Of(item, "stop") : throw WrongStop())],
            _ => throw WrongStop(),
        };
        Require(stops.Length <= MaxStops, "stop", $"There are {stops.Length} stop texts; {MaxStops} are allowed.");
        Require(stops.All(text => text.Length is > 0 and <= MaxStopLength), "stop", $"A stop text is empty or longer than {MaxStopLength} characters.");
        return stops;
    }

    private static ApiException WrongStop() => ApiException.InvalidValue("stop", "stop is neither a text nor a list of texts.");

    private static int Between(int value, int minimum, int maximum, string param)
    {
        Require(value >= minimum && value <= maximum, param, $"{param} is {value}; this server takes {minimum} to {maximum}.");
        return value;
    }

    private static void Require(bool holds, string param, string message)
    {
        if (!holds)
            throw ApiException.InvalidValue(param, message);
    }
}
