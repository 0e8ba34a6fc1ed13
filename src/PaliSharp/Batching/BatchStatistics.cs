namespace PaliSharp.Batching;

/// <summary>What the running batch of a model does at one moment, and what it has done since the model was loaded.</summary>
public sealed record BatchStatistics
{
    /// <summary>Requests that wait for a place in the batch.</summary>
    public required int Waiting { get; init; }

    /// <summary>The most that may wait, <see cref="PaliGemmaOptions.MaxQueuedRequests"/>.</summary>
    public required int MaxWaiting { get; init; }

    /// <summary>Requests in the batch, in any stage: picture, prompt, answer.</summary>
    public required int Running { get; init; }

    /// <summary>Those of them that write their answer.</summary>
    public required int Decoding { get; init; }

    /// <summary>The most sequences in the batch, <see cref="PaliGemmaOptions.MaxBatch"/>.</summary>
    public required int MaxBatch { get; init; }

    /// <summary>Bytes of keys and values set aside for the requests in the batch.</summary>
    public required long KvCacheBytes { get; init; }

    /// <summary>The most of them.</summary>
    public required long MaxKvCacheBytes { get; init; }

    /// <summary>Bytes of encoded pictures kept for later requests, those of live <see cref="PreparedPicture"/>s included.</summary>
    public required long PictureCacheBytes { get; init; }

    /// <summary>The budget of encoded pictures, <see cref="PaliGemmaOptions.PictureCacheBytes"/>.</summary>
    public required long MaxPictureCacheBytes { get; init; }

    /// <summary>Pictures of requests that were found encoded.</summary>
    public required long PictureCacheHits { get; init; }

    /// <summary>Pictures of requests that had to be encoded.</summary>
    public required long PictureCacheMisses { get; init; }

    /// <summary>Bytes of activations, keys and values that the model's memory pool holds, in use or free.</summary>
    public required long PoolBytes { get; init; }

    /// <summary>Those of them in use; 0 when nothing runs and no picture is kept.</summary>
    public required long LentBytes { get; init; }

    /// <summary>Requests answered.</summary>
    public required long Completed { get; init; }

    /// <summary>Requests that failed, those out of time included.</summary>
    public required long Failed { get; init; }

    /// <summary>Requests that were cancelled.</summary>
    public required long Cancelled { get; init; }

    /// <summary>Requests that were not accepted because the queue was full.</summary>
    public required long Refused { get; init; }

    /// <summary>Positions of prompts computed, image tokens included.</summary>
    public required long PromptTokens { get; init; }

    /// <summary>Tokens written.</summary>
    public required long GeneratedTokens { get; init; }

    /// <summary>Steps in which every decoding sequence wrote one token.</summary>
    public required long DecodeSteps { get; init; }
}
