using PaliSharp.Batching;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using Xunit;

namespace PaliSharp.Tests.Batching;

/// <summary>Who comes in when, who gives up when, and what is free afterwards. The batch is stepped by hand.</summary>
public sealed class BatchSchedulerTests
{
    private static readonly Image Ring = SteppedModel.Picture("02.png");

    [Fact]
    public async Task ARequestJoinsTheOneThatIsBeingWritten()
    {
        using var stepped = new SteppedModel();
        Task<GenerationResult> first = stepped.Model.GenerateAsync(Ring, "caption en", SteppedModel.Exactly(40));
        stepped.TurnUntil(() => stepped.Model.GetStatistics().Decoding == 1);
        Task<GenerationResult> second = stepped.Model.GenerateAsync(Ring, "ocr", SteppedModel.Exactly(4));
        stepped.TurnUntil(() => stepped.Model.GetStatistics().Decoding == 2);
        stepped.TurnUntil(() => second.IsCompleted);
        Assert.False(first.IsCompleted);
        stepped.RunFreely();
        Assert.Equal(40, (await first).Tokens.Count);
        Assert.Equal(4, (await second).Tokens.Count);
    }

    [Fact]
    public async Task TextsGoOnWhileAPromptIsComputed()
    {
        using var stepped = new SteppedModel();
        var pieces = new List<int>();
        Task<GenerationResult> writing = stepped.Model.GenerateAsync(Ring, "caption en", SteppedModel.Exactly(200) with
        {
            StopWhen = tokens =>
            {
                pieces.Add(tokens.Count);
                return false;
            },
        });
        stepped.TurnUntil(() => stepped.Model.GetStatistics().Decoding == 1);

        // Six pictures and a prompt of 384 image tokens: many turns of 16 rows.
        Task<GenerationResult> large = stepped.Model.GenerateAsync(
            new GenerationRequest("caption en", [.. Enumerable.Range(0, 6).Select(i => Plain((byte)i))], SteppedModel.Exactly(1)));
        int turns = 0;
        int before = pieces.Count;
        for (; !large.IsCompleted; turns++)
            stepped.Turn();
        Assert.True(turns > 5, $"The prompt took {turns} turns.");
        Assert.InRange(pieces.Count - before, turns - 1, turns + 1);
        stepped.RunFreely();
        await writing;
    }

    [Fact]
    public async Task AFullQueueRefusesAndSaysWhenToComeBack()
    {
        using var stepped = new SteppedModel(new PaliGemmaOptions { MaxBatch = 1, MaxQueuedRequests = 2 });
        Task<GenerationResult> running = stepped.Model.GenerateAsync(Ring, "caption en");
        stepped.TurnUntil(() => stepped.Model.GetStatistics().Running == 1);
        Task<GenerationResult>[] waiting = [stepped.Model.GenerateAsync(Ring, "ocr"), stepped.Model.GenerateAsync(Ring, "ocr")];
        QueueFullException refused = await Assert.ThrowsAsync<QueueFullException>(() => stepped.Model.GenerateAsync(Ring, "ocr"));
        Assert.Equal(2, refused.Waiting);
        Assert.InRange(refused.RetryAfter, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        Assert.Equal((2, 1L), (stepped.Model.GetStatistics().Waiting, stepped.Model.GetStatistics().Refused));
        stepped.RunFreely();
        await running;
        await Task.WhenAll(waiting);
        Assert.NotEmpty((await stepped.Model.GenerateAsync(Ring, "ocr")).Tokens);
    }

    [Fact]
    public async Task ABatchCallMayExceedTheQueueOnceItIsAccepted()
    {
        using PaliGemma model = PaliGemma.Load(options: new PaliGemmaOptions { MaxBatch = 2, MaxQueuedRequests = 1 });
        IReadOnlyList<GenerationResult> results = await model.GenerateBatchAsync([.. Enumerable.Repeat(Ring, 12)], "caption en");
        Assert.All(results, result => Assert.Equal(results[0].Text, result.Text));
    }

    [Fact]
    public async Task CancellingInTheQueueFreesThePlaceAtOnce()
    {
        using var stepped = new SteppedModel(new PaliGemmaOptions { MaxBatch = 1 });
        Task<GenerationResult> running = stepped.Model.GenerateAsync(Ring, "caption en");
        stepped.TurnUntil(() => stepped.Model.GetStatistics().Running == 1);
        using var cancellation = new CancellationTokenSource();
        Task<GenerationResult> waiting = stepped.Model.GenerateAsync(Ring, "ocr", cancellationToken: cancellation.Token);
        Task<GenerationResult> behind = stepped.Model.GenerateAsync(Ring, "caption en");
        Assert.Equal(2, stepped.Model.GetStatistics().Waiting);
        await cancellation.CancelAsync();
        OperationCanceledException cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(cancellation.Token, cancelled.CancellationToken);
        Assert.Equal((1, 1L), (stepped.Model.GetStatistics().Waiting, stepped.Model.GetStatistics().Cancelled));
        stepped.RunFreely();
        Assert.Equal((await running).Text, (await behind).Text);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(9)]
    [InlineData(11)]
    [InlineData(14)]
    public async Task CancellingAtAnyStageIsAtOnceAndFreesEverything(int turns)
    {
        using var stepped = new SteppedModel(new PaliGemmaOptions { PictureCacheBytes = 0 });
        using var cancellation = new CancellationTokenSource();
        Task<GenerationResult> given = stepped.Model.GenerateAsync(Ring, "caption en", SteppedModel.Exactly(30), cancellation.Token);
        stepped.Turn(turns);
        Assert.Equal(1, stepped.Model.GetStatistics().Running);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given); // though the batch takes no turn
        stepped.Turn();
        BatchStatistics after = stepped.Model.GetStatistics();
        Assert.Equal((0, 0L, 0L), (after.Running, after.KvCacheBytes, after.PictureCacheBytes));
        Assert.Equal(0, after.LentBytes);
    }

    [Fact]
    public async Task OneOfAPrefillThatGivesUpDoesNotDisturbTheOther()
    {
        using var stepped = new SteppedModel();
        using var cancellation = new CancellationTokenSource();
        Task<GenerationResult> kept = stepped.Model.GenerateAsync(Ring, "caption en");
        Task<GenerationResult> given = stepped.Model.GenerateAsync(Ring, "ocr", cancellationToken: cancellation.Token);
        stepped.Turn(9); // the picture is encoded, the prompts are among the layers
        Assert.Equal((2, 0), (stepped.Model.GetStatistics().Running, stepped.Model.GetStatistics().Decoding));
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        stepped.RunFreely();
        Assert.Equal("an orange ring on a pink background", (await kept).Text);
        await SteppedModel.IdleAsync(stepped.Model);
        Assert.Equal(0, stepped.Model.GetStatistics().KvCacheBytes);
    }

    [Fact]
    public async Task TimeRunsOutInTheQueueAndInTheBatch()
    {
        var clock = new ManualClock();
        using var stepped = new SteppedModel(new PaliGemmaOptions { MaxBatch = 1 }, clock);
        GenerationOptions timed = SteppedModel.Exactly(50) with { Timeout = TimeSpan.FromSeconds(5) };
        Task<GenerationResult> running = stepped.Model.GenerateAsync(Ring, "caption en", timed);
        Task<GenerationResult> waiting = stepped.Model.GenerateAsync(Ring, "caption en", timed with { Timeout = TimeSpan.FromSeconds(4) });
        stepped.TurnUntil(() => stepped.Model.GetStatistics().Decoding == 1);
        clock.Advance(TimeSpan.FromSeconds(4));
        RequestTimeoutException late = await Assert.ThrowsAsync<RequestTimeoutException>(() => waiting);
        Assert.Equal(TimeSpan.FromSeconds(4), late.Timeout);
        Assert.False(running.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<RequestTimeoutException>(() => running);
        stepped.TurnUntil(() => stepped.Model.GetStatistics().Running == 0);
        Assert.Equal(2, stepped.Model.GetStatistics().Failed);
        await Assert.ThrowsAsync<ArgumentException>(() => stepped.Model.GenerateAsync(Ring, "ocr", new GenerationOptions { Timeout = TimeSpan.Zero }));
    }

    [Fact]
    public async Task TimingsAreThoseOfTheStages()
    {
        var clock = new ManualClock();
        using var stepped = new SteppedModel(new PaliGemmaOptions { MaxBatch = 1 }, clock);
        Task<GenerationResult> first = stepped.Model.GenerateAsync(Ring, "caption en", SteppedModel.Exactly(2));
        Task<GenerationResult> second = stepped.Model.GenerateAsync(Ring, "caption en", SteppedModel.Exactly(3));
        while (!second.IsCompleted)
        {
            stepped.Turn();
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        // One turn begins the encoder, one is for each of its 6 layers; so it is with the decoder's 5. The very first turn is at 0 seconds.
        Assert.Equal(new GenerationTimings(TimeSpan.Zero, Seconds(6), Seconds(6), Seconds(1)), (await first).Timings);
        Assert.Equal(Seconds(14), (await second).Timings.Queue);
        Assert.Equal(TimeSpan.Zero, (await second).Timings.Picture); // it was known
        Assert.Equal(Seconds(2), (await second).Timings.Decode);
        Assert.Equal((await second).Timings.Total, Seconds(14) + (await second).Timings.Prefill + Seconds(2));

        static TimeSpan Seconds(int count) => TimeSpan.FromSeconds(count);
    }

    [Fact]
    public async Task ARequestThatCanNeverFitIsRefusedWithNumbers()
    {
        using PaliGemma model = PaliGemma.Load(options: new PaliGemmaOptions { KvCacheBytes = 500_000 });
        Assert.NotEmpty((await model.GenerateAsync(Ring, "ocr", SteppedModel.Exactly(20))).Tokens);
        ResourceLimitException refused = await Assert.ThrowsAsync<ResourceLimitException>(() => model.GenerateAsync(Ring, "ocr", SteppedModel.Exactly(200)));
        Assert.Contains("500,000", refused.Message, StringComparison.Ordinal);
        Assert.Contains("fewer tokens", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheBudgetOfKeysAndValuesIsKept()
    {
        // 87 positions of 3,200 bytes each: two fit, a third does not.
        using var stepped = new SteppedModel(new PaliGemmaOptions { KvCacheBytes = 600_000 });
        Task<GenerationResult>[] calls = [.. Enumerable.Range(0, 5).Select(_ => stepped.Model.GenerateAsync(Ring, "caption en", SteppedModel.Exactly(18)))];
        int most = 0;
        stepped.TurnUntil(() =>
        {
            BatchStatistics now = stepped.Model.GetStatistics();
            Assert.InRange(now.KvCacheBytes, 0, 600_000);
            most = Math.Max(most, now.Running);
            return Array.TrueForAll(calls, call => call.IsCompleted);
        });
        Assert.Equal(2, most);
        await Task.WhenAll(calls);
    }

    [Fact]
    public async Task AFailingCallbackEndsItsOwnRequestOnly()
    {
        using PaliGemma model = PaliGemma.Load();
        Task<GenerationResult> good = model.GenerateAsync(Ring, "caption en");
        Task<GenerationResult> bad = model.GenerateAsync(
            Ring, "caption en", new GenerationOptions { StopWhen = tokens => tokens.Count > 2 ? throw new FormatException("mine") : false });
        Task<GenerationResult> none = model.GenerateAsync(
            Ring, "caption en", new GenerationOptions { ForbiddenIds = [.. Enumerable.Range(0, model.Config.Text.VocabularySize)] });
        Assert.Equal("mine", (await Assert.ThrowsAsync<FormatException>(() => bad)).Message);
        await Assert.ThrowsAsync<InvalidOperationException>(() => none);
        Assert.Equal("an orange ring on a pink background", (await good).Text);
        await SteppedModel.IdleAsync(model);
        Assert.Equal(0, model.GetStatistics().KvCacheBytes);
    }

    [Fact]
    public async Task DisposingEndsWhatRunsAndRefusesWhatWaits()
    {
        var stepped = new SteppedModel(new PaliGemmaOptions { MaxBatch = 1 });
        Task<GenerationResult> running = stepped.Model.GenerateAsync(Ring, "caption en");
        Task<GenerationResult> waiting = stepped.Model.GenerateAsync(Ring, "caption en");
        stepped.TurnUntil(() => stepped.Model.GetStatistics().Running == 1);
        stepped.Dispose();
        Assert.Equal("an orange ring on a pink background", (await running).Text);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => stepped.Model.GenerateAsync(Ring, "ocr"));
        stepped.Model.Dispose();
    }

    [Fact]
    public async Task DrainingAnswersWhatWasAcceptedAndNothingElse()
    {
        using var stepped = new SteppedModel(new PaliGemmaOptions { MaxBatch = 1 });
        Task<GenerationResult>[] accepted = [.. Enumerable.Range(0, 3).Select(_ => stepped.Model.GenerateAsync(Ring, "caption en"))];
        Task drained = stepped.Model.DrainAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => stepped.Model.GenerateAsync(Ring, "ocr"));
        Assert.False(drained.IsCompleted);
        stepped.RunFreely();
        await drained;
        Assert.All(accepted, call => Assert.True(call.IsCompletedSuccessfully));
        await stepped.Model.DrainAsync();
    }

    [Fact]
    public void LimitsOutOfRangeAreRefused()
    {
        Assert.Throws<ArgumentException>(() => PaliGemma.Load(options: new PaliGemmaOptions { MaxBatch = 0 }));
        Assert.Throws<ArgumentException>(() => PaliGemma.Load(options: new PaliGemmaOptions { MaxQueuedRequests = 0 }));
        Assert.Throws<ArgumentException>(() => PaliGemma.Load(options: new PaliGemmaOptions { KvCacheBytes = 0 }));
        Assert.Throws<ArgumentException>(() => PaliGemma.Load(options: new PaliGemmaOptions { PictureCacheBytes = -1 }));
    }

    private static Image Plain(byte shade) => Image.FromPixels(1, 1, [shade, shade, shade]);
}
