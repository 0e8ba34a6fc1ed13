using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using PaliSharp.Conversations;
using PaliSharp.Generation;
using PaliSharp.Imaging;

namespace PaliSharp.Extensions.AI;

/// <summary>
/// A PaliGemma as a chat client. Pictures (<see cref="DataContent"/>, <see cref="UriContent"/>) are always seen or refused, never dropped, and so
/// are options.
/// </summary>
/// <remarks>
/// The model answers single questions: the text of the user's message is the prompt as it stands (<c>caption en</c>, <c>detect cat</c>,
/// <c>answer en where is the cat?</c>); a system message or <see cref="ChatOptions.Instructions"/> may hold the task the prompt begins with. Calls
/// may come from several threads.
/// </remarks>
public sealed class PaliSharpChatClient : IChatClient
{
    private const string ProviderName = "palisharp";

    private readonly PaliGemma _model;
    private readonly PaliSharpChatOptions _options;
    private readonly bool _ownsModel;
    private readonly ChatClientMetadata _metadata;
    private readonly MessageReader _messages;

    /// <summary>Creates a client.</summary>
    /// <param name="model">The model that answers.</param>
    /// <param name="options">How conversations and pictures are treated; null for the defaults.</param>
    /// <param name="ownsModel">Whether disposing the client disposes the model.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public PaliSharpChatClient(PaliGemma model, PaliSharpChatOptions? options = null, bool ownsModel = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _options = options ?? new PaliSharpChatOptions();
        if (_options.DefaultMaxTokens < 1)
            throw new ArgumentException($"DefaultMaxTokens is {_options.DefaultMaxTokens}; it must be at least 1.", nameof(options));
        _ownsModel = ownsModel;
        _metadata = new ChatClientMetadata(ProviderName, null, _options.ModelId ?? Path.GetFileName(model.Path.TrimEnd('/', '\\')));
        _messages = new MessageReader(_options);
    }

    /// <summary>Answers a question.</summary>
    /// <param name="messages">The conversation, see the remarks of this class.</param>
    /// <param name="options">How to answer; greedily by default.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <exception cref="PromptException">A message holds what the model cannot be given.</exception>
    /// <exception cref="ArgumentException">An option is not supported or out of range.</exception>
    /// <exception cref="ImageFormatException">A picture cannot be decoded.</exception>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        (GenerationRequest request, IReadOnlyList<string> warnings) = await PrepareAsync(messages, options, cancellationToken).ConfigureAwait(false);
        GenerationResult result = await _model.GenerateAsync(request, cancellationToken).ConfigureAwait(false);
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, result.Text) { RawRepresentation = result })
        {
            ResponseId = NewId(),
            ModelId = _metadata.DefaultModelId,
            CreatedAt = DateTimeOffset.UtcNow,
            FinishReason = FinishReasonOf(result),
            Usage = UsageOf(result),
            RawRepresentation = result,
            AdditionalProperties = Describe(warnings),
        };
    }

    /// <summary>Answers a question, text as it is written. The texts joined are the answer; the last update tells usage and finish reason.</summary>
    /// <param name="messages">The conversation, see the remarks of this class.</param>
    /// <param name="options">How to answer; greedily by default.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <exception cref="PromptException">A message holds what the model cannot be given.</exception>
    /// <exception cref="ArgumentException">An option is not supported or out of range.</exception>
    /// <exception cref="ImageFormatException">A picture cannot be decoded.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        (GenerationRequest request, IReadOnlyList<string> warnings) = await PrepareAsync(messages, options, cancellationToken).ConfigureAwait(false);
        string id = NewId();
        DateTimeOffset created = DateTimeOffset.UtcNow;
        await foreach (GenerationPiece piece in _model.StreamAsync(request, cancellationToken).ConfigureAwait(false))
        {
            List<AIContent> contents = piece.Text.Length > 0 ? [new TextContent(piece.Text)] : [];
            if (piece.Result is { } whole)
                contents.Add(new UsageContent(UsageOf(whole)));
            yield return new ChatResponseUpdate(ChatRole.Assistant, contents)
            {
                ResponseId = id,
                MessageId = id,
                ModelId = _metadata.DefaultModelId,
                CreatedAt = created,
                FinishReason = piece.Result is { } result ? FinishReasonOf(result) : null,
                RawRepresentation = piece,
                AdditionalProperties = piece.Result is null ? null : Describe(warnings),
            };
        }
    }

    /// <summary>Gives the <see cref="PaliGemma"/>, the <see cref="ChatClientMetadata"/> or this client.</summary>
    /// <param name="serviceType">What is asked for.</param>
    /// <param name="serviceKey">A key; there are no services with keys.</param>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null)
            return null;
        return serviceType == typeof(PaliGemma) ? _model
            : serviceType == typeof(ChatClientMetadata) ? _metadata
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Releases the model, if it is the client's own.</summary>
    public void Dispose()
    {
        if (_ownsModel)
            _model.Dispose();
    }

    private static string NewId() => $"chat-{Guid.NewGuid():N}";

    private static ChatFinishReason FinishReasonOf(GenerationResult result) => result.FinishReason switch
    {
        FinishReason.Stop or FinishReason.StopString or FinishReason.StopCondition => ChatFinishReason.Stop,
        _ => ChatFinishReason.Length,
    };

    private static UsageDetails UsageOf(GenerationResult result) => new()
    {
        InputTokenCount = result.PromptTokens + result.ImageTokens,
        OutputTokenCount = result.Tokens.Count,
        TotalTokenCount = result.PromptTokens + result.ImageTokens + result.Tokens.Count,
        AdditionalCounts = new AdditionalPropertiesDictionary<long> { ["image_tokens"] = result.ImageTokens },
    };

    private static AdditionalPropertiesDictionary? Describe(IReadOnlyList<string> warnings) =>
        warnings.Count == 0 ? null : new AdditionalPropertiesDictionary { ["warnings"] = warnings };

    private async Task<(GenerationRequest Request, IReadOnlyList<string> Warnings)> PrepareAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(messages);
        GenerationOptions generation = OptionsReader.Read(options, this, _options, _metadata.DefaultModelId!, _model.Tokenizer);
        Question<AIContent> question = MessageReader.Ask(messages, options?.Instructions, _options.History);
        IReadOnlyList<Image> pictures = await _messages.ReadPicturesAsync(question.Pictures, cancellationToken).ConfigureAwait(false);
        return (new GenerationRequest(question.Prompt, pictures, generation), question.Warnings);
    }
}
