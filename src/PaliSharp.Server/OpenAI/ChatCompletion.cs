using System.Text.Json.Serialization;

namespace PaliSharp.Server.OpenAI;

/// <summary>A whole answer.</summary>
internal sealed record ChatCompletion(
    string Id,
    string Object,
    long Created,
    string Model,
    IReadOnlyList<ChatChoice> Choices,
    ChatUsage Usage,
    string SystemFingerprint,
    TimingsBlock Timings,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Warnings);

/// <summary>One of the answers.</summary>
internal sealed record ChatChoice(int Index, ChatAnswer Message, ChoiceLogprobs? Logprobs, string FinishReason);

/// <summary>What the model wrote.</summary>
internal sealed record ChatAnswer(string Role, string Content, string? Refusal);

/// <summary>A piece of a streamed answer.</summary>
internal sealed record ChatChunk(
    string Id,
    string Object,
    long Created,
    string Model,
    IReadOnlyList<ChunkChoice> Choices,
    string SystemFingerprint,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ChatUsage? Usage,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] TimingsBlock? Timings,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Warnings);

/// <summary>What is new in one of the answers.</summary>
internal sealed record ChunkChoice(int Index, ChunkDelta Delta, ChoiceLogprobs? Logprobs, string? FinishReason);

/// <summary>New text.</summary>
internal sealed record ChunkDelta(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Role,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Content);

/// <summary>The log-probabilities of an answer's tokens.</summary>
internal sealed record ChoiceLogprobs(IReadOnlyList<TokenLogprob> Content, IReadOnlyList<TokenLogprob>? Refusal);

/// <summary>A token and how likely it was.</summary>
internal sealed record TokenLogprob(
    string Token, [property: JsonPropertyName("logprob")] double LogProb, IReadOnlyList<int> Bytes, IReadOnlyList<TopLogprob> TopLogprobs);

/// <summary>A token that might have stood there.</summary>
internal sealed record TopLogprob(string Token, [property: JsonPropertyName("logprob")] double LogProb, IReadOnlyList<int> Bytes);

/// <summary>The tokens of a request; those of pictures are among the prompt's.</summary>
internal sealed record ChatUsage(int PromptTokens, int CompletionTokens, int TotalTokens, PromptTokensDetails PromptTokensDetails);

/// <summary>The prompt's tokens by kind.</summary>
internal sealed record PromptTokensDetails(int TextTokens, int ImageTokens, int CachedTokens);

/// <summary>Where the time went, in milliseconds.</summary>
/// <param name="QueueMs">Waiting for a place, in the server and in the model's batch.</param>
/// <param name="PictureMs">Receiving, decoding and encoding pictures.</param>
/// <param name="PromptMs">The model reading the prompt, up to the first token.</param>
/// <param name="AnswerMs">The model writing the rest.</param>
/// <param name="FirstTokenMs">From the arrival of the request to the first token.</param>
/// <param name="TotalMs">From the arrival of the request to now.</param>
/// <param name="AnswerTokensPerSecond">Tokens written per second, after the first; 0 if there was one at most.</param>
internal sealed record TimingsBlock(
    double QueueMs, double PictureMs, double PromptMs, double AnswerMs, double FirstTokenMs, double TotalMs, double AnswerTokensPerSecond);

/// <summary>The models served.</summary>
internal sealed record ModelList(string Object, IReadOnlyList<ModelEntry> Data);

/// <summary>A model; what only a loaded one tells is null while it is not.</summary>
internal sealed record ModelEntry(
    string Id, string Object, long Created, string OwnedBy, bool IsLoaded, int? ImageSize, int? ImageTokens, int? ContextTokens, bool? IsDemonstration);
