namespace PaliSharp.Batching;

/// <summary>What has happened since the start; written and read by several threads.</summary>
internal sealed class BatchCounters
{
    private long _completed;
    private long _failed;
    private long _cancelled;
    private long _refused;
    private long _promptTokens;
    private long _generatedTokens;
    private long _decodeSteps;

    public long Completed => Interlocked.Read(ref _completed);

    public long Failed => Interlocked.Read(ref _failed);

    public long Cancelled => Interlocked.Read(ref _cancelled);

    public long Refused => Interlocked.Read(ref _refused);

    public long PromptTokens => Interlocked.Read(ref _promptTokens);

    public long GeneratedTokens => Interlocked.Read(ref _generatedTokens);

    public long DecodeSteps => Interlocked.Read(ref _decodeSteps);

    public void AddCompleted() => Interlocked.Increment(ref _completed);

    public void AddFailed() => Interlocked.Increment(ref _failed);

    public void AddCancelled() => Interlocked.Increment(ref _cancelled);

    public void AddRefused() => Interlocked.Increment(ref _refused);

    public void AddPromptTokens(int count) => Interlocked.Add(ref _promptTokens, count);

    public void AddGeneratedTokens(int count) => Interlocked.Add(ref _generatedTokens, count);

    public void AddDecodeStep() => Interlocked.Increment(ref _decodeSteps);
}
