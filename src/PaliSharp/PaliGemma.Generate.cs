using System.Runtime.CompilerServices;
using System.Threading.Channels;
using PaliSharp.Batching;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Tensors;
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
        GenerationResult[] results = await SubmitAsync([Prepare(request)], null, cancellationToken);
        return results[0];
    }

    /// <summary>
    /// Answers several prompts together: equal pictures are encoded once, prompts of any length are computed side by side. The first error ends
    /// the call; <see cref="RunAsync{TItem, TResult}(IEnumerable{TItem}, Func{TItem, CancellationToken, Task{TResult}}, BatchRunOptions?, CancellationToken)"/>
    /// keeps errors to their items.
    /// </summary>
    /// <param name="requests">The prompts.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>The answers, in the order of the requests; each is what the request alone would get.</returns>
    /// <exception cref="PromptException">A prompt cannot be given to the model.</exception>
    public async Task<IReadOnlyList<GenerationResult>> GenerateBatchAsync(
        IReadOnlyList<GenerationRequest> requests, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        PreparedRequest[] prepared = [.. requests.Select(Prepare)];
        return await SubmitAsync(prepared, null, cancellationToken);
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
        var request = new PreparedRequest([.. textIds], isBidirectional, images, options, Prompt: null);
        GenerationResult[] results = await SubmitAsync([request], null, cancellationToken);
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
                _ = await SubmitAsync([prepared], piece => pieces.Writer.TryWrite(piece), abandoned.Token);
                pieces.Writer.Complete();
            }
            catch (Exception exception) // handed to the reader, which rethrows it
            {
                pieces.Writer.Complete(exception);
            }
        }
    }

    /// <summary>Puts the requests of one call into the queue of the running batch, all at once; the first error ends them all.</summary>
    /// <param name="requests">What is asked.</param>
    /// <param name="onPiece">Receives the answers piece by piece, on the thread of the batch; null if nobody listens.</param>
    /// <param name="cancellationToken">Gives them up.</param>
    private async Task<GenerationResult[]> SubmitAsync(
        PreparedRequest[] requests, Action<GenerationPiece>? onPiece, CancellationToken cancellationToken)
    {
        if (requests.Length == 0)
            return [];
        foreach (PreparedRequest request in requests)
            _generations.Check(request);
        GenerationItem[] items = [.. requests.Select(Create)];
        if (items.Length == 1)
            return [await _scheduler.Enqueue(items[0], cancellationToken)];
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<GenerationResult>[] outcomes = _scheduler.EnqueueAll<GenerationResult>(items, abandoned.Token);
        try
        {
            await foreach (Task<GenerationResult> outcome in Task.WhenEach(outcomes))
                _ = await outcome;
        }
        catch
        {
            await abandoned.CancelAsync();
            await ((Task)Task.WhenAll(outcomes)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }

        return await Task.WhenAll(outcomes);

        GenerationItem Create(PreparedRequest request, int stream) =>
            new(request, stream, onPiece, _generations, _scheduler.Clock, _scheduler.Counters) { Timeout = request.Options.Timeout };
    }

    /// <summary>Does other work on the model, step by step between the steps of the running batch.</summary>
    /// <param name="images">The pictures it needs encoded.</param>
    /// <param name="kvBytes">The bytes of keys and values it takes.</param>
    /// <param name="work">Given the projected rows of the pictures, yields null after each step but the last, then the result.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    private async Task<T> WorkAsync<T>(
        IReadOnlyList<Image> images, long kvBytes, Func<RowRun[], IEnumerable<T?>> work, CancellationToken cancellationToken)
        where T : class
    {
        var item = new StepwiseItem<T>(images, kvBytes, work, _scheduler.Clock, _scheduler.Counters);
        return await _scheduler.Enqueue(item, cancellationToken);
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
