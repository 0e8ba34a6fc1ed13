using PaliSharp.Batching;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using Xunit;

namespace PaliSharp.Tests.Batching;

/// <summary>Long runs: nothing lost, nothing read too early, errors where they belong.</summary>
public sealed class BatchRunTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task EveryItemComesBackOnceAndErrorsStayWithTheirItems(bool inOrder)
    {
        var results = new List<BatchItemResult<int, string>>();
        using PaliGemma model = PaliGemma.Load();
        IAsyncEnumerable<BatchItemResult<int, string>> run = model.RunAsync(
            Enumerable.Range(0, 100),
            async (item, token) =>
            {
                await Task.Delay(item % 7, token);
                return item % 10 == 3 ? throw new FormatException($"item {item}") : $"{item}";
            },
            new BatchRunOptions { InOrder = inOrder, Concurrency = 5 });
        await foreach (BatchItemResult<int, string> result in run)
            results.Add(result);
        Assert.Equal(Enumerable.Range(0, 100), results.Select(result => result.Item).Order());
        if (inOrder)
            Assert.Equal(Enumerable.Range(0, 100), results.Select(result => (int)result.Index));
        foreach (BatchItemResult<int, string> result in results)
        {
            Assert.Equal(result.Item, result.Index);
            Assert.Equal(result.Item % 10 != 3, result.Succeeded);
            Assert.Equal(result.Succeeded ? $"{result.Item}" : $"item {result.Item}", result.Succeeded ? result.Result : result.Error!.Message);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task TheSourceIsReadNoFurtherThanResultsAreTaken(bool inOrder)
    {
        int read = 0;
        using PaliGemma model = PaliGemma.Load();
        IAsyncEnumerable<BatchItemResult<int, int>> run = model.RunAsync(
            Source(), (item, _) => Task.FromResult(item), new BatchRunOptions { InOrder = inOrder, Concurrency = 4 });
        int taken = 0;
        await foreach (BatchItemResult<int, int> _ in run)
        {
            taken++;
            await Task.Delay(2);
            Assert.InRange(Volatile.Read(ref read), taken, taken + 4);
            if (taken == 30)
                break;
        }

        IEnumerable<int> Source()
        {
            while (true)
                yield return Interlocked.Increment(ref read);
        }
    }

    [Fact]
    public async Task AnErrorOfTheSourceComesAfterTheResultsBeforeIt()
    {
        using PaliGemma model = PaliGemma.Load();
        var results = new List<int>();
        InvalidDataException error = await Assert.ThrowsAsync<InvalidDataException>(async () =>
        {
            await foreach (BatchItemResult<int, int> result in model.RunAsync(Source(), (item, _) => Task.FromResult(item)))
                results.Add(result.Result);
        });
        Assert.Equal("row 3", error.Message);
        Assert.Equal([0, 1, 2], results.Order());

        static IEnumerable<int> Source()
        {
            for (int i = 0; i < 3; i++)
                yield return i;
            throw new InvalidDataException("row 3");
        }
    }

    [Fact]
    public async Task CancellingEndsTheRunAndItsItems()
    {
        using PaliGemma model = PaliGemma.Load();
        using var cancellation = new CancellationTokenSource();
        int cancelled = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            IAsyncEnumerable<BatchItemResult<int, int>> run = model.RunAsync(Enumerable.Range(0, 50), WorkAsync, cancellationToken: cancellation.Token);
            await foreach (BatchItemResult<int, int> _ in run)
                await cancellation.CancelAsync();
        });
        Assert.InRange(cancelled, 1, 32);

        async Task<int> WorkAsync(int item, CancellationToken token)
        {
            if (item == 0)
                return item;
            try
            {
                await Task.Delay(Timeout.Infinite, token);
            }
            catch (OperationCanceledException)
            {
                Interlocked.Increment(ref cancelled);
                throw;
            }

            return item;
        }
    }

    [Fact]
    public async Task AnItemThatFindsTheQueueFullComesAgain()
    {
        using PaliGemma model = PaliGemma.Load();
        int attempts = 0;
        await foreach (BatchItemResult<int, int> result in model.RunAsync([7], WorkAsync))
            Assert.Equal(7, result.Result);
        Assert.Equal(2, attempts);

        Task<int> WorkAsync(int item, CancellationToken token) =>
            ++attempts == 1 ? throw new QueueFullException(1, TimeSpan.FromMilliseconds(1)) : Task.FromResult(item);
    }

    [Fact]
    public async Task TasksOfOneRunShareTheModel()
    {
        using PaliGemma model = PaliGemma.Load(options: new PaliGemmaOptions { MaxBatch = 4, MaxQueuedRequests = 2 });
        string[] files = [.. Enumerable.Range(0, 8).Select(i => $"{i:D2}.png"), "missing.png"];
        var texts = new Dictionary<string, string>();
        await foreach (BatchItemResult<string, GenerationResult> row in model.RunAsync(
            files, (file, token) => model.GenerateAsync(SteppedModel.Picture(file), "caption en", null, token), new BatchRunOptions { Concurrency = 3 }))
        {
            texts[row.Item] = row.Succeeded ? row.Result!.Text : row.Error!.GetType().Name;
        }

        Assert.Equal("FileNotFoundException", texts["missing.png"]);
        Assert.Equal("an orange ring on a pink background", texts["02.png"]);
        Assert.Equal(9, texts.Count);
    }

    [Fact]
    public void ConcurrencyHasARange() => Assert.Throws<ArgumentOutOfRangeException>(() => new BatchRunOptions { Concurrency = 0 });
}
