using System.Text.Json;
using System.Text.Json.Serialization;

namespace PaliSharp.Server.OpenAI;

/// <summary>The body of <c>POST /v1/chat/completions</c>.</summary>
internal sealed record ChatRequest
{
    /// <summary>The model's name; null for the default.</summary>
    public string? Model { get; init; }

    /// <summary>The conversation.</summary>
    public IReadOnlyList<ChatMessage>? Messages { get; init; }

    /// <summary>Whether the answer is streamed.</summary>
    public bool? Stream { get; init; }

    /// <summary>How it is streamed.</summary>
    public StreamOptions? StreamOptions { get; init; }

    /// <summary>The most tokens of an answer, by its old name.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>The most tokens of an answer.</summary>
    public int? MaxCompletionTokens { get; init; }

    /// <summary>0 for the likeliest tokens.</summary>
    public double? Temperature { get; init; }

    /// <summary>The nucleus.</summary>
    public double? TopP { get; init; }

    /// <summary>The likeliest tokens to draw among; not in OpenAI's API.</summary>
    public int? TopK { get; init; }

    /// <summary>The least share of the likeliest token's probability; not in OpenAI's API.</summary>
    public double? MinP { get; init; }

    /// <summary>Above 1 discourages repetition; not in OpenAI's API.</summary>
    public double? RepetitionPenalty { get; init; }

    /// <summary>How many answers.</summary>
    public int? N { get; init; }

    /// <summary>Makes drawing repeatable.</summary>
    public long? Seed { get; init; }

    /// <summary>A text or several that end the answer.</summary>
    public JsonElement? Stop { get; init; }

    /// <summary>Whether log-probabilities are given.</summary>
    public bool? Logprobs { get; init; }

    /// <summary>How many of the likeliest tokens are given at each place.</summary>
    public int? TopLogprobs { get; init; }

    /// <summary>The form the answer must have.</summary>
    public JsonElement? ResponseFormat { get; init; }

    /// <summary>Everything else, checked by <see cref="ForeignFields"/>.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Other { get; set; }
}

/// <summary>How an answer is streamed.</summary>
internal sealed record StreamOptions
{
    /// <summary>Whether the last chunk tells the tokens used.</summary>
    public bool? IncludeUsage { get; init; }

    /// <summary>Padding against eavesdroppers; there is none, so nothing changes.</summary>
    public bool? IncludeObfuscation { get; init; }
}

/// <summary>A message of a conversation.</summary>
internal sealed record ChatMessage
{
    /// <summary>Who speaks.</summary>
    public string? Role { get; init; }

    /// <summary>A text, or a list of parts.</summary>
    public JsonElement? Content { get; init; }

    /// <summary>Everything else, checked by <see cref="ForeignFields"/>.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Other { get; set; }
}
