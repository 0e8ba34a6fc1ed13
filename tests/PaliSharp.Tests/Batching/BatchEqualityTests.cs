using PaliSharp.Batching;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Tasks;
using Xunit;

namespace PaliSharp.Tests.Batching;

/// <summary>Company changes nothing: every request gets what it gets alone, whoever comes, goes or gives up beside it.</summary>
public sealed class BatchEqualityTests
{
    private const double Tolerance = 5e-5;
    private static readonly Image[] Pictures = [.. Enumerable.Range(0, 8).Select(i => SteppedModel.Picture($"{i:D2}.png"))];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task SixtyFourRequestsInRandomOrderWithCancellationsAreAnsweredAsAlone(int seed)
    {
        using PaliGemma model = PaliGemma.Load(options: new PaliGemmaOptions { MaxBatch = 6, PictureCacheBytes = 0 });
        GenerationRequest[] requests = [.. Enumerable.Range(0, 64).Select(Request)];
        var alone = new GenerationResult[requests.Length];
        for (int i = 0; i < requests.Length; i++)
            alone[i] = await model.GenerateAsync(requests[i]);
        BatchStatistics before = model.GetStatistics();

        var random = new Random(seed);
        int[] order = [.. Enumerable.Range(0, requests.Length)];
        random.Shuffle(order);
        (int Delay, int CancelAfter)[] plans = [.. order.Select(_ => (random.Next(60), random.Next(3) == 0 ? random.Next(80) : -1))];
        GenerationResult?[] together = await Task.WhenAll(order.Select((request, i) => AskAsync(model, requests[request], plans[i].Delay, plans[i].CancelAfter)));

        int answered = 0;
        for (int i = 0; i < order.Length; i++)
        {
            if (together[i] is not { } result)
            {
                Assert.True(plans[i].CancelAfter >= 0, "A request that was not cancelled has no answer.");
                continue;
            }

            AssertEqual(alone[order[i]], result);
            answered++;
        }

        BatchStatistics after = model.GetStatistics();
        Assert.Equal(answered, after.Completed - before.Completed);
        Assert.Equal(order.Length - answered, after.Cancelled - before.Cancelled);
        await SteppedModel.IdleAsync(model);
        Assert.Equal((0, 0, 0L), (model.GetStatistics().Waiting, model.GetStatistics().Running, model.GetStatistics().KvCacheBytes));
        Assert.Equal(0, model.GetStatistics().LentBytes);
    }

    [Fact]
    public async Task TheSameListOnAnIdleModelGivesTheSameBits()
    {
        GenerationRequest[] requests = [.. Enumerable.Range(0, 24).Select(Request)];
        GenerationResult[][] runs = [[], []];
        for (int run = 0; run < runs.Length; run++)
        {
            using PaliGemma model = PaliGemma.Load(options: new PaliGemmaOptions { MaxBatch = 5 });
            runs[run] = [.. await model.GenerateBatchAsync(requests)];
        }

        for (int i = 0; i < requests.Length; i++)
        {
            Assert.Equal(runs[0][i].Tokens, runs[1][i].Tokens);
            Assert.Equal(runs[0][i].LogProbability, runs[1][i].LogProbability);
        }
    }

    [Fact]
    public async Task DifferentTasksOfOneMomentShareTheBatch()
    {
        using PaliGemma model = PaliGemma.Load();
        DetectionResult detected = await model.DetectAsync(Pictures[2], ["orange ring"]);
        ClassificationResult classified = await model.ClassifyAsync(Pictures[2], ["orange", "blue"], "answer en what color is the ring?");
        SegmentationResult segmented = await model.SegmentAsync(Pictures[2], ["orange ring"]);

        Task<DetectionResult> detecting = model.DetectAsync(Pictures[2], ["orange ring"]);
        Task<ClassificationResult> classifying = model.ClassifyAsync(Pictures[2], ["orange", "blue"], "answer en what color is the ring?");
        Task<SegmentationResult> segmenting = model.SegmentAsync(Pictures[2], ["orange ring"]);
        Assert.Equal(detected.Detections[0].Box, (await detecting).Detections[0].Box);
        Assert.Equal(classified.Labels.Select(label => label.Index), (await classifying).Labels.Select(label => label.Index));
        Assert.Equal(classified.Labels[0].LogProbability, (await classifying).Labels[0].LogProbability, Tolerance);
        Assert.Equal(segmented.Generation.Text, (await segmenting).Generation.Text);
    }

    [Fact]
    public async Task ABeamSearchSharesTheBatchWithOthers()
    {
        using PaliGemma model = PaliGemma.Load();
        var beam = new GenerationOptions { Beam = new BeamOptions { Beams = 3, Returned = 2 } };
        GenerationResult alone = await model.GenerateAsync(Pictures[1], "caption en", beam);
        GenerationResult greedy = await model.GenerateAsync(Pictures[3], "caption en");
        Task<GenerationResult>[] calls =
        [
            model.GenerateAsync(Pictures[3], "caption en"),
            model.GenerateAsync(Pictures[1], "caption en", beam),
            model.GenerateAsync(Pictures[3], "caption en"),
            model.GenerateAsync(Pictures[1], "caption en", beam with { Beam = beam.Beam! with { Beams = 20 } }),
        ];
        GenerationResult[] results = await Task.WhenAll(calls);
        AssertEqual(greedy, results[0]);
        AssertEqual(alone, results[1]);
        AssertEqual(alone.Alternatives[0], results[1].Alternatives[0]);
        AssertEqual(greedy, results[2]);
        Assert.True(results[3].Score >= alone.Score - Tolerance);
    }

    private static GenerationRequest Request(int index)
    {
        Image picture = Pictures[index % Pictures.Length];
        return (index % 7) switch
        {
            0 => new GenerationRequest(picture, "caption en"),
            1 => new GenerationRequest(picture, "detect shape", new GenerationOptions { MaxNewTokens = 60 }),
            2 => new GenerationRequest("a red circle", SteppedModel.Exactly(5)),
            3 => new GenerationRequest("caption en", [picture, Pictures[(index + 1) % Pictures.Length]], SteppedModel.Exactly(7)),
            4 => new GenerationRequest(
                picture, "describe en", SteppedModel.Exactly(12) with { Sampling = new SamplingOptions { Temperature = 1, TopK = 20, Seed = (ulong)index } }),
            5 => new GenerationRequest(picture, "ocr", new GenerationOptions { Beam = new BeamOptions { Beams = 2 }, MaxNewTokens = 8 }),
            _ => new GenerationRequest(picture, "answer en what color is the shape?", new GenerationOptions { UncappedFirstToken = true }),
        };
    }

    private static async Task<GenerationResult?> AskAsync(PaliGemma model, GenerationRequest request, int delay, int cancelAfter)
    {
        using var cancellation = new CancellationTokenSource();
        await Task.Delay(delay, CancellationToken.None);
        if (cancelAfter >= 0)
            cancellation.CancelAfter(cancelAfter);
        try
        {
            return await model.GenerateAsync(request, cancellation.Token);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private static void AssertEqual(GenerationResult expected, GenerationResult actual)
    {
        Assert.Equal(expected.Tokens.Select(token => token.Id), actual.Tokens.Select(token => token.Id));
        Assert.Equal((expected.Text, expected.FinishReason, expected.EndTokenId), (actual.Text, actual.FinishReason, actual.EndTokenId));
        for (int i = 0; i < expected.Tokens.Count; i++)
            Assert.Equal(expected.Tokens[i].LogProbability, actual.Tokens[i].LogProbability, Tolerance);
    }
}
