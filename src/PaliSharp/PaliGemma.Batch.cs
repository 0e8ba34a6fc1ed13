using PaliSharp.Batching;
using PaliSharp.Imaging;

namespace PaliSharp;

/// <content>Long runs, prepared pictures, and what the running batch does.</content>
public sealed partial class PaliGemma
{
    /// <summary>What the running batch does now and has done since the model was loaded. Cheap, from any thread.</summary>
    public BatchStatistics GetStatistics()
    {
        (int running, int decoding, long kvBytes) = _scheduler.Load;
        BatchCounters counters = _scheduler.Counters;
        return new BatchStatistics
        {
            Waiting = _scheduler.Waiting,
            MaxWaiting = _limits.MaxWaiting,
            Running = running,
            Decoding = decoding,
            MaxBatch = _limits.MaxRows,
            KvCacheBytes = kvBytes,
            MaxKvCacheBytes = _limits.KvBytes,
            PictureCacheBytes = _pictures.Bytes,
            MaxPictureCacheBytes = _options.PictureCacheBytes,
            PictureCacheHits = _pictures.Hits,
            PictureCacheMisses = _pictures.Misses,
            PoolBytes = _backend.Pool.AllocatedBytes,
            LentBytes = _backend.Pool.LentBytes,
            Completed = counters.Completed,
            Failed = counters.Failed,
            Cancelled = counters.Cancelled,
            Refused = counters.Refused,
            PromptTokens = counters.PromptTokens,
            GeneratedTokens = counters.GeneratedTokens,
            DecodeSteps = counters.DecodeSteps,
        };
    }

    /// <summary>Encodes a picture and keeps the encoding for as long as the handle lives.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>A handle that stands for the picture in any task of this model.</returns>
    /// <exception cref="QueueFullException">Too many requests wait already.</exception>
    public async Task<PreparedPicture> PrepareAsync(Image image, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        var item = new PictureItem(image, _scheduler.Clock, _scheduler.Counters);
        return await _scheduler.Enqueue(item, cancellationToken);
    }

    /// <summary>Accepts no further requests (they end with <see cref="ObjectDisposedException"/>) and waits until all accepted ones are answered.</summary>
    /// <param name="cancellationToken">Gives up waiting; the requests go on.</param>
    public Task DrainAsync(CancellationToken cancellationToken = default) => _scheduler.CloseAsync().WaitAsync(cancellationToken);

    /// <summary>
    /// Works through a list of items of any length, several at once: whatever the work asks of this model joins the one running batch, so
    /// different tasks mix freely. The source is read only as far ahead as items are under way; an item that fails yields its error and the
    /// others go on.
    /// </summary>
    /// <param name="source">The items; read lazily, never all at once.</param>
    /// <param name="work">
    /// What is done with an item, on threads of the pool, several items at once: read a picture, call any task. Called again if it ends with
    /// <see cref="QueueFullException"/>, which it lets through.
    /// </param>
    /// <param name="options">How many at once, and in which order results come; null for the default.</param>
    /// <param name="cancellationToken">Stops all items.</param>
    /// <returns>One result for each item. An error of the source itself is thrown after the results of the items before it.</returns>
    /// <example>
    /// <code>
    /// await foreach (var row in model.RunAsync(files, (file, token) => model.CaptionAsync(Image.Load(file), cancellationToken: token)))
    ///     Console.WriteLine(row.Succeeded ? row.Result!.Text : row.Error!.Message);
    /// </code>
    /// </example>
    public IAsyncEnumerable<BatchItemResult<TItem, TResult>> RunAsync<TItem, TResult>(
        IEnumerable<TItem> source,
        Func<TItem, CancellationToken, Task<TResult>> work,
        BatchRunOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        return RunAsync(source.ToAsyncEnumerable(), work, options, cancellationToken);
    }

    /// <inheritdoc cref="RunAsync{TItem, TResult}(IEnumerable{TItem}, Func{TItem, CancellationToken, Task{TResult}}, BatchRunOptions?, CancellationToken)"/>
    public IAsyncEnumerable<BatchItemResult<TItem, TResult>> RunAsync<TItem, TResult>(
        IAsyncEnumerable<TItem> source,
        Func<TItem, CancellationToken, Task<TResult>> work,
        BatchRunOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(work);
        options ??= new BatchRunOptions();
        var run = new BatchRun<TItem, TResult>(work, options.Concurrency ?? Math.Min(2 * _options.MaxBatch, BatchRunOptions.MostByDefault));
        return options.InOrder ? run.InOrder(source, cancellationToken) : run.AsFinished(source, cancellationToken);
    }
}
