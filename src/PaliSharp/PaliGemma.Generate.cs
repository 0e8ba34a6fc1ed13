using System.Runtime.CompilerServices;
using System.Threading.Channels;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Tokenization;

namespace PaliSharp;

/// <content>Prompts in, text out.</content>
public sealed partial class PaliGemma
{
    /// <summary>Answers a prompt about one picture.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="prompt">The text the model sees, such as <c>caption en</c>; the newline that ends it is added.</param>
    /// <param name="options">How to answer; null for greedy decoding.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <exception cref="PromptException">The prompt cannot be given to the model.</exception>
    public Task<GenerationResult> GenerateAsync(
        Image image, string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        GenerateAsync(new GenerationRequest(image, prompt, options), cancellationToken);

    /// <summary>Answers a prompt about no, one or several pictures.</summary>
    /// <param name="request">The prompt, its pictures and how to answer.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <exception cref="PromptException">The prompt cannot be given to the model.</exception>
    public async Task<GenerationResult> GenerateAsync(GenerationRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        IReadOnlyList<GenerationResult> results = await GenerateBatchAsync([request], cancellationToken);
        return results[0];
    }

    /// <summary>Answers several prompts together: pictures are encoded once each, prompts of any length are computed side by side.</summary>
    /// <param name="requests">The prompts.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>The answers, in the order of the requests; each is what the request alone would get.</returns>
    /// <exception cref="PromptException">A prompt cannot be given to the model.</exception>
    public Task<IReadOnlyList<GenerationResult>> GenerateBatchAsync(
        IReadOnlyList<GenerationRequest> requests, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        PreparedRequest[] prepared = [.. requests.Select(Prepare)];
        return RunAsync(prepared, null, cancellationToken);
    }

    /// <summary>Answers a sequence of token ids, for checkpoints without a tokenizer or prompts made elsewhere.</summary>
    /// <param name="textIds">The ids after the image tokens: BOS, prefix and newline. Image placeholders are left out.</param>
    /// <param name="images">The pictures, in order; may be empty.</param>
    /// <param name="options">How to answer; null for greedy decoding.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <exception cref="PromptException">An id is not in the vocabulary, or the prompt is too long.</exception>
    public async Task<GenerationResult> GenerateFromIdsAsync(
        IReadOnlyList<int> textIds, IReadOnlyList<Image> images, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(textIds);
        ArgumentNullException.ThrowIfNull(images);
        options ??= new GenerationOptions();
        bool isBidirectional = images.Count > 0 || options.BidirectionalText;
        IReadOnlyList<GenerationResult> results = await RunAsync(
            [new PreparedRequest([.. textIds], isBidirectional, images, options, Prompt: null)], null, cancellationToken);
        return results[0];
    }

    /// <summary>Answers a prompt about one picture, text as it is written.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="prompt">The text the model sees.</param>
    /// <param name="options">How to answer; null for greedy decoding.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <exception cref="PromptException">The prompt cannot be given to the model.</exception>
    public IAsyncEnumerable<GenerationPiece> StreamAsync(
        Image image, string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        StreamAsync(new GenerationRequest(image, prompt, options), cancellationToken);

    /// <summary>Answers a prompt, text as it is written. The pieces joined are the text of the result, which comes with the last piece.</summary>
    /// <param name="request">The prompt, its pictures and how to answer.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <exception cref="PromptException">The prompt cannot be given to the model.</exception>
    public async IAsyncEnumerable<GenerationPiece> StreamAsync(
        GenerationRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        PreparedRequest prepared = Prepare(request);
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Channel<GenerationPiece> pieces = Channel.CreateUnbounded<GenerationPiece>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        Task work = Produce();
        try
        {
            await foreach (GenerationPiece piece in pieces.Reader.ReadAllAsync(cancellationToken))
                yield return piece;
        }
        finally
        {
            // A reader that stops early stops the model too.
            await abandoned.CancelAsync();
            await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task Produce()
        {
            try
            {
                IReadOnlyList<GenerationResult> results = await RunAsync(
                    [prepared], (_, text) => pieces.Writer.TryWrite(new GenerationPiece(text)), abandoned.Token);
                pieces.Writer.TryWrite(new GenerationPiece(string.Empty, results[0]));
                pieces.Writer.Complete();
            }
            catch (Exception exception) // handed to the reader, which rethrows it
            {
                pieces.Writer.Complete(exception);
            }
        }
    }

    private async Task<IReadOnlyList<GenerationResult>> RunAsync(
        IReadOnlyList<PreparedRequest> requests, Action<int, string>? onText, CancellationToken cancellationToken) =>
        await InTurnAsync(() => _engine.Run(requests, onText, cancellationToken), cancellationToken);

    /// <summary>Does work on the model, when nobody else does.</summary>
    private async Task<T> InTurnAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return await Task.Run(work, cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    private PreparedRequest Prepare(GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        GenerationOptions options = request.Options ?? new GenerationOptions();
        Tokenizer tokenizer = Tokenizer ?? throw new PromptException(
            $"The checkpoint '{Path}' has no tokenizer.json or tokenizer.model, so it takes token ids only. Add the file, or call GenerateFromIdsAsync.");
        int[] ids = PromptIds.Encode(tokenizer, request.Prompt, request.Images.Count > 0, options);
        return new PreparedRequest(ids, request.Images.Count > 0 || options.BidirectionalText, request.Images, options, request.Prompt);
    }
}
