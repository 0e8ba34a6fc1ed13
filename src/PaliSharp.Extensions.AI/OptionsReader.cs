using Microsoft.Extensions.AI;
using PaliSharp.Generation;
using PaliSharp.Tokenization;

namespace PaliSharp.Extensions.AI;

/// <summary>Maps <see cref="ChatOptions"/> to <see cref="GenerationOptions"/>; what has no counterpart is refused, unless it changes nothing.</summary>
internal static class OptionsReader
{
    private const string MinP = "min_p";
    private const string RepetitionPenalty = "repetition_penalty";

    /// <summary>Maps options.</summary>
    /// <param name="options">What was asked for; null for nothing.</param>
    /// <param name="client">
    /// The client, for <see cref="ChatOptions.RawRepresentationFactory"/>, which may give a <see cref="GenerationOptions"/> to begin with.
    /// </param>
    /// <param name="defaults">The client's own options.</param>
    /// <param name="modelId">The only model there is.</param>
    /// <exception cref="ArgumentException">An option is not supported or out of range.</exception>
    /// <param name="tokenizer">The model's tokenizer, for grammars; null if it has none.</param>
    /// <exception cref="PromptException">The schema of the answer is beyond what grammars can express.</exception>
    public static GenerationOptions Read(ChatOptions? options, IChatClient client, PaliSharpChatOptions defaults, string modelId, Tokenizer? tokenizer)
    {
        GenerationOptions begin = options?.RawRepresentationFactory?.Invoke(client) switch
        {
            null => new GenerationOptions { MaxNewTokens = defaults.DefaultMaxTokens },
            GenerationOptions own => own,
            var other => throw new ArgumentException(
                $"RawRepresentationFactory gave a {other.GetType().Name}; a {nameof(GenerationOptions)} is expected.", nameof(options)),
        };
        if (options is null)
            return begin;
        Refuse(options, modelId);
        int tokens = options.MaxOutputTokens ?? begin.MaxNewTokens;
        return begin with
        {
            MaxNewTokens = tokens,
            Constraint = options.ResponseFormat is ChatResponseFormatJson { Schema: { } schema }
                ? TokenConstraints.JsonSchema(RequireTokenizer(tokenizer), schema.GetRawText(), tokens)
                : begin.Constraint,
            StopStrings = options.StopSequences is { Count: > 0 } stops ? [.. stops] : begin.StopStrings,
            Sampling = ReadSampling(options, begin.Sampling),
        };
    }

    // Greedy unless something says otherwise: a filter without a temperature means drawing at temperature 1.
    private static SamplingOptions ReadSampling(ChatOptions options, SamplingOptions begin)
    {
        double? minP = Number(options, MinP);
        bool isFiltered = options.TopP is < 1 || options.TopK is > 0 || minP is > 0;
        double temperature = options.Temperature ?? (isFiltered && begin.IsGreedy ? 1 : begin.Temperature);
        return begin with
        {
            Temperature = temperature,
            TopP = options.TopP ?? begin.TopP,
            TopK = options.TopK ?? begin.TopK,
            MinP = minP ?? begin.MinP,
            RepetitionPenalty = Number(options, RepetitionPenalty) ?? begin.RepetitionPenalty,
            Seed = options.Seed is { } seed ? unchecked((ulong)seed) : begin.Seed,
        };
    }

    private static void Refuse(ChatOptions options, string modelId)
    {
        Require(
            options.ModelId is null || options.ModelId == modelId,
            $"ModelId is '{options.ModelId}', but this client has the model '{modelId}'. Leave it out.");
        Require(options.ConversationId is null, "ConversationId is set, but conversations are not kept. Send the messages themselves.");
        Require(options.FrequencyPenalty is null or 0, "FrequencyPenalty is not supported: location tokens repeat by design. Leave it out.");
        Require(options.PresencePenalty is null or 0, "PresencePenalty is not supported: location tokens repeat by design. Leave it out.");
        Require(options.Tools is null or { Count: 0 }, "Tools are given, but the model cannot call tools. Leave them out.");
        Require(options.ToolMode is null or NoneChatToolMode or AutoChatToolMode, "ToolMode asks for a tool, but the model cannot call tools. Leave it out.");
        Require(options.Reasoning is null or { Effort: null or ReasoningEffort.None }, "Reasoning is set, but the model answers at once. Leave it out.");
        Require(
            options.ResponseFormat is null or ChatResponseFormatText or ChatResponseFormatJson { Schema: not null },
            "ResponseFormat asks for JSON without a schema, which the model has not been trained to write. Give a schema.");
#pragma warning disable MEAI001 // experimental, but dropping it would be silent
        Require(options.ContinuationToken is null, "ContinuationToken is set, but answers cannot be continued. Leave it out.");
        Require(options.AllowBackgroundResponses is null or false, "AllowBackgroundResponses is set, but there are no background responses. Leave it out.");
#pragma warning restore MEAI001
        foreach (string name in options.AdditionalProperties?.Keys ?? Enumerable.Empty<string>())
            Require(name is MinP or RepetitionPenalty, $"The additional property '{name}' is not known. Known are {MinP} and {RepetitionPenalty}.");
    }

    private static double? Number(ChatOptions options, string name)
    {
        if (options.AdditionalProperties?.TryGetValue(name, out object? value) != true)
            return null;
        return value switch
        {
            double number => number,
            float number => number,
            int number => number,
            _ => throw new ArgumentException($"The additional property '{name}' is not a number.", nameof(options)),
        };
    }

    private static Tokenizer RequireTokenizer(Tokenizer? tokenizer) =>
        tokenizer ?? throw new PromptException("The model has no tokenizer, so its answers cannot be held to a schema.");

    private static void Require(bool holds, string message)
    {
        if (!holds)
            throw new ArgumentException(message);
    }
}
