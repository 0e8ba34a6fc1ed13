using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Tasks;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tests;

public sealed class ClassificationTests : IDisposable
{
    private static readonly Image Ring = Image.Load(Path.Combine(GoldenData.Bundled, "nano", "02.png"));

    private readonly PaliGemma _model = PaliGemma.Load();

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(LabelScoring.Sum)]
    [InlineData(LabelScoring.Mean)]
    [InlineData(LabelScoring.PriorCorrected)]
    public async Task TheRightLabelWins(LabelScoring scoring)
    {
        string[] labels = ["a green star", "an orange ring on a pink background", "a red circle on a white background", "an orange ring on a blue background"];
        ClassificationResult result = await _model.ClassifyAsync(Ring, labels, "caption en", new ClassificationOptions { Scoring = scoring });
        Assert.Equal(labels[1], result.Best.Label);
        Assert.Equal(1, result.Best.Index);
        Assert.Equal(1, result.Labels.Sum(label => label.Probability), 1e-9);
        Assert.Equal(result.Labels.OrderByDescending(label => label.Score), result.Labels);
    }

    [Fact]
    public async Task TheScoreOfTheGreedyAnswerIsTheLogProbabilityOfWritingIt()
    {
        TextResult written = await _model.CaptionAsync(Ring);
        ClassificationResult result = await _model.ClassifyAsync(Ring, ["a star", written.Text], "caption en");
        Assert.Equal(written.Text, result.Best.Label);
        Assert.Equal(written.Generation.LogProbability, result.Best.LogProbability, 1e-3);
        Assert.Equal(written.Generation.Tokens.Select(token => token.LogProbability), result.Best.TokenLogProbabilities.SkipLast(1), (left, right) => Math.Abs(left - right) < 1e-4);
    }

    [Fact]
    public async Task EachLabelScoresAsItWouldAlone()
    {
        string[] labels = [.. Enumerable.Range(0, 75).Select(i => $"{(i % 2 == 0 ? "a" : "an orange")} thing number {i}")];
        ClassificationResult together = await _model.ClassifyAsync(Ring, labels, "caption en");
        Assert.Equal(75, together.Labels.Count);
        foreach (LabelScore label in together.Labels.Take(5))
        {
            ClassificationResult alone = await _model.ClassifyAsync(Ring, [label.Label], "caption en");
            Assert.Equal(alone.Best.LogProbability, label.LogProbability, 1e-4);
            Assert.Equal(1, alone.Best.Probability);
        }
    }

    [Fact]
    public async Task WhatCannotBeRankedIsRefused()
    {
        await Assert.ThrowsAsync<PromptException>(() => _model.ClassifyAsync(Ring, [], "caption en"));
        await Assert.ThrowsAsync<PromptException>(() => _model.ClassifyAsync(Ring, ["a", ""], "caption en"));
        await Assert.ThrowsAsync<PromptException>(() => _model.ClassifyAsync(Ring, [string.Concat(Enumerable.Repeat("ring ", 1000))], "caption en"));
        await Assert.ThrowsAsync<ArgumentException>(() => _model.ClassifyAsync(Ring, ["a"], "caption en", new ClassificationOptions { Scoring = (LabelScoring)9 }));
    }
}
