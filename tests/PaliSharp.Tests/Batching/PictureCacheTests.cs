using PaliSharp.Batching;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using Xunit;

namespace PaliSharp.Tests.Batching;

/// <summary>What is encoded once, what is kept, what leaves.</summary>
public sealed class PictureCacheTests
{
    private const long PictureBytes = 64 * 160 * sizeof(float); // image tokens × width
    private static readonly GenerationOptions Short = SteppedModel.Exactly(2);

    [Fact]
    public async Task EqualPicturesAreEncodedOnceWhateverObjectTheyComeIn()
    {
        using PaliGemma model = PaliGemma.Load();
        GenerationResult first = await model.GenerateAsync(SteppedModel.Picture("02.png"), "caption en");
        GenerationResult second = await model.GenerateAsync(SteppedModel.Picture("02.png"), "caption en");
        BatchStatistics now = model.GetStatistics();
        Assert.Equal((1L, 1L, PictureBytes), (now.PictureCacheHits, now.PictureCacheMisses, now.PictureCacheBytes));
        Assert.Equal(first.Tokens, second.Tokens);

        Image twice = SteppedModel.Picture("03.png");
        await model.GenerateAsync(new GenerationRequest("caption en", [twice, twice, SteppedModel.Picture("03.png")], Short));
        Assert.Equal(2, model.GetStatistics().PictureCacheMisses);
    }

    [Fact]
    public async Task ThePictureUsedLongestAgoLeavesFirst()
    {
        using PaliGemma model = PaliGemma.Load(options: new PaliGemmaOptions { PictureCacheBytes = 2 * PictureBytes });
        Image[] pictures = [Plain(10), Plain(20), Plain(30)];
        await Ask(0);
        await Ask(1);
        await Ask(0);
        await Ask(2); // 1 leaves
        Assert.Equal((2 * PictureBytes, 3L), (model.GetStatistics().PictureCacheBytes, model.GetStatistics().PictureCacheMisses));
        await Ask(0);
        await Ask(2);
        Assert.Equal(3, model.GetStatistics().PictureCacheMisses);
        await Ask(1);
        Assert.Equal(4, model.GetStatistics().PictureCacheMisses);

        async Task Ask(int picture)
        {
            await model.GenerateAsync(pictures[picture], "caption en", Short);
            for (int i = 0; i < 1000 && model.GetStatistics().Running > 0; i++)
                await Task.Delay(1);
        }
    }

    [Fact]
    public async Task WithoutABudgetNothingIsKept()
    {
        using PaliGemma model = PaliGemma.Load(options: new PaliGemmaOptions { PictureCacheBytes = 0 });
        await model.GenerateAsync(Plain(10), "caption en", Short);
        await SteppedModel.IdleAsync(model);
        Assert.Equal((0L, 0L), (model.GetStatistics().PictureCacheBytes, model.GetStatistics().LentBytes));
    }

    [Fact]
    public async Task APreparedPictureIsKeptWhateverTheBudgetUntilItIsLetGo()
    {
        using PaliGemma model = PaliGemma.Load(options: new PaliGemmaOptions { PictureCacheBytes = 0 });
        GenerationResult expected = await model.GenerateAsync(SteppedModel.Picture("02.png"), "caption en");
        using (PreparedPicture prepared = await model.PrepareAsync(SteppedModel.Picture("02.png")))
        {
            for (int i = 0; i < 3; i++)
                Assert.Equal(expected.Tokens, (await model.GenerateAsync(prepared, "caption en")).Tokens);
            Assert.Equal((2L, PictureBytes), (model.GetStatistics().PictureCacheMisses, model.GetStatistics().PictureCacheBytes));
            Assert.Equal("orange", (await model.AnswerAsync(prepared, "what color is the ring?")).Text);
        }

        await SteppedModel.IdleAsync(model);
        Assert.Equal(0, model.GetStatistics().PictureCacheBytes);
    }

    [Fact]
    public async Task PreparingAPictureThatIsKnownLeavesNothingBehind()
    {
        using PaliGemma model = PaliGemma.Load();
        using PreparedPicture first = await model.PrepareAsync(Plain(1));
        using PreparedPicture second = await model.PrepareAsync(Plain(1));
        await model.DrainAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((0, 1L, 1L), (model.GetStatistics().Running, model.GetStatistics().PictureCacheMisses, model.GetStatistics().PictureCacheHits));
    }

    [Fact]
    public async Task AHandleMayOutliveItsModel()
    {
        PreparedPicture prepared;
        using (PaliGemma model = PaliGemma.Load())
            prepared = await model.PrepareAsync(Plain(1));
        prepared.Dispose();
        prepared.Dispose();
        Assert.Equal(1, prepared.Image.Width);
    }

    [Fact]
    public async Task SeveralPicturesOfOneMomentAreEncodedLikeEachAlone()
    {
        using PaliGemma together = PaliGemma.Load();
        using PaliGemma alone = PaliGemma.Load(options: new PaliGemmaOptions { MaxBatch = 1 });
        Image[] pictures = [.. Enumerable.Range(0, 8).Select(i => SteppedModel.Picture($"{i:D2}.png"))];
        IReadOnlyList<GenerationResult> results = await together.GenerateBatchAsync(pictures, "caption en");
        for (int i = 0; i < pictures.Length; i++)
            Assert.Equal((await alone.GenerateAsync(pictures[i], "caption en")).Text, results[i].Text);
    }

    private static Image Plain(byte shade) => Image.FromPixels(1, 1, [shade, shade, shade]);
}
