using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using PaliSharp.Generation;
using PaliSharp.Hosting;
using PaliSharp.Server.Hosting;

namespace PaliSharp.Server.OpenAI;

/// <summary>Asks the model and writes its answers in OpenAI's form, as a whole or as they come.</summary>
internal sealed class ChatWriter(ApiCall call, ModelLease model, ChatSettings settings, IReadOnlyList<string> warnings)
{
    private const string ChunkObject = "chat.completion.chunk";

    private readonly string _id = "chatcmpl-" + RandomNumberGenerator.GetHexString(24, lowercase: true);
    private readonly long _created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    private readonly TokenBytes? _tokens = settings.TopLogprobs is null || model.Model.Tokenizer is null ? null : new TokenBytes(model.Model.Tokenizer);

    // Tells this model, as it was loaded, from others of its name.
    private readonly string _fingerprint = $"fp_{model.LoadedAt.ToUnixTimeMilliseconds():x}";

    private IReadOnlyList<string>? Warnings => warnings.Count > 0 ? warnings : null;

    /// <summary>Writes the answers when all of them are there.</summary>
    /// <param name="requests">What the model is asked, once for each answer.</param>
    public async Task<GenerationResult[]> CompleteAsync(IReadOnlyList<GenerationRequest> requests)
    {
        GenerationResult[] results = await AllOrNone.RunAsync(
            requests, (request, cancellation) => model.Model.GenerateAsync(request, cancellation), call.Cancellation);
        AnswerAccounts accounts = AnswerAccounts.Of(call, results, results.Take(1));
        var completion = new ChatCompletion(
            _id,
            "chat.completion",
            _created,
            model.Name,
            [.. results.Select(Choice)],
            accounts.Usage,
            _fingerprint,
            accounts.Timings,
            Warnings);
        await JsonAnswer.WriteAsync(call.Context, StatusCodes.Status200OK, completion, call.Cancellation);
        return results;
    }

    /// <summary>Writes the answers as they come. The text pieces of an answer joined are the answer; the stream ends with <c>[DONE]</c>.</summary>
    /// <param name="requests">What the model is asked, once for each answer.</param>
    /// <param name="includeUsage">Whether a last chunk tells the tokens used.</param>
    public async Task<GenerationResult[]> StreamAsync(IReadOnlyList<GenerationRequest> requests, bool includeUsage)
    {
        var results = new GenerationResult[requests.Count];
        var events = new EventStream(call.Context, call.Cancellation);
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(call.Cancellation);
        Channel<(int Index, GenerationPiece Piece)> pieces = Channel.CreateUnbounded<(int, GenerationPiece)>(
            new UnboundedChannelOptions { SingleReader = true });
        Task producing = ProduceAsync(requests, pieces.Writer, abandoned.Token);
        try
        {
            // Nothing is written before the first piece: until then an error still has a status of its own.
            await foreach ((int index, GenerationPiece piece) in pieces.Reader.ReadAllAsync(call.Cancellation))
            {
                if (!events.HasStarted)
                    await BeginAsync(events, requests.Count);
                if (piece.Text.Length > 0 || (_tokens is not null && piece.Tokens.Count > 0))
                    await events.WriteAsync(Chunk(new ChunkChoice(index, new ChunkDelta(null, piece.Text), Logprobs(piece.Tokens, piece.TopTokens), null)));
                if (piece.Result is { } result)
                {
                    results[index] = result;
                    await events.WriteAsync(Chunk(new ChunkChoice(index, new ChunkDelta(null, null), null, FinishReasonOf(result))));
                }
            }
        }
        finally
        {
            await abandoned.CancelAsync();
            await producing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        AnswerAccounts accounts = AnswerAccounts.Of(call, results, results.Take(1));
        if (includeUsage)
            await events.WriteAsync(new ChatChunk(_id, ChunkObject, _created, model.Name, [], _fingerprint, accounts.Usage, accounts.Timings, Warnings));
        await events.EndAsync();
        return results;
    }

    private static string FinishReasonOf(GenerationResult result) => result.FinishReason switch
    {
        FinishReason.Stop or FinishReason.StopString or FinishReason.StopCondition => "stop",
        _ => "length",
    };

    private async Task BeginAsync(EventStream events, int choices)
    {
        call.Timings.MarkText();
        for (int i = 0; i < choices; i++)
            await events.WriteAsync(Chunk(new ChunkChoice(i, new ChunkDelta("assistant", string.Empty), null, null)));
    }

    private async Task ProduceAsync(
        IReadOnlyList<GenerationRequest> requests, ChannelWriter<(int Index, GenerationPiece Piece)> pieces, CancellationToken cancellationToken)
    {
        try
        {
            int[] indices = [.. Enumerable.Range(0, requests.Count)];
            await AllOrNone.RunAsync(
                indices,
                async (index, cancellation) =>
                {
                    await foreach (GenerationPiece piece in model.Model.StreamAsync(requests[index], cancellation))
                        pieces.TryWrite((index, piece));
                    return index;
                },
                cancellationToken);
            pieces.Complete();
        }
        catch (Exception exception) // handed to the reader, which rethrows it
        {
            pieces.Complete(exception);
        }
    }

    private ChatChoice Choice(GenerationResult result, int index) =>
        new(index, new ChatAnswer("assistant", result.Text, null), Logprobs(result.Tokens, result.TopTokens), FinishReasonOf(result));

    private ChoiceLogprobs? Logprobs(IReadOnlyList<SampledToken> tokens, IReadOnlyList<IReadOnlyList<SampledToken>> top) =>
        _tokens?.Describe(tokens, settings.TopLogprobs > 0 ? top : []);

    private ChatChunk Chunk(ChunkChoice choice) =>
        new(_id, ChunkObject, _created, model.Name, [choice], _fingerprint, null, null, null);
}
