using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Tests.Batching;
using Xunit;

namespace PaliSharp.Tests.Generation;

/// <summary>Scores under what a grammar allows: the same choices, probabilities that sum to one over the allowed tokens.</summary>
public sealed class ScoreBasisTests : IDisposable
{
    private static readonly Image Ring = SteppedModel.Picture("02.png");
    private readonly PaliGemma _model = PaliGemma.Load();

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(40)] // few: only their logits are computed
    [InlineData(1500)] // many: all are computed and masked
    public async Task ChoicesAreTheSameAndProbabilitiesAreOverTheAllowedTokens(int count)
    {
        TokenSet allowed = TokenSet.Range(300, 300 + count);
        var options = new GenerationOptions { MaxNewTokens = 6, Constraint = new Always(allowed), TopLogProbabilities = 100 };
        GenerationResult unmasked = await _model.GenerateAsync(Ring, "caption en", options);
        GenerationResult masked = await _model.GenerateAsync(Ring, "caption en", options with { ScoreUnder = ScoreBasis.Allowed });
        Assert.Equal(unmasked.Tokens.Select(token => token.Id), masked.Tokens.Select(token => token.Id));
        for (int i = 0; i < masked.Tokens.Count; i++)
        {
            Assert.True(masked.Tokens[i].LogProbability > unmasked.Tokens[i].LogProbability);
            Assert.All(masked.TopTokens[i], token => Assert.True(allowed.Contains(token.Id)));
            if (count <= 100)
                Assert.Equal(1, masked.TopTokens[i].Sum(token => Math.Exp(token.LogProbability)), 1e-4);
        }
    }

    [Fact]
    public async Task FewAndManyAgree()
    {
        // The same ten tokens; in the second grammar so many impossible ones beside them that all logits are computed.
        TokenSet few = TokenSet.Range(400, 410);
        var options = new GenerationOptions { MaxNewTokens = 5, ScoreUnder = ScoreBasis.Allowed };
        GenerationResult narrow = await _model.GenerateAsync(Ring, "caption en", options with { Constraint = new Always(few) });
        GenerationResult wide = await _model.GenerateAsync(Ring, "caption en", options with
        {
            Constraint = new Always(few.Union(TokenSet.Range(600, 1700))),
            ForbiddenIds = [.. Enumerable.Range(600, 1100)],
        });
        Assert.Equal(wide.Tokens.Select(token => token.Id), narrow.Tokens.Select(token => token.Id));
        for (int i = 0; i < 5; i++)
            Assert.Equal(wide.Tokens[i].LogProbability, narrow.Tokens[i].LogProbability, 5e-5);
    }

    [Fact]
    public async Task BothKindsShareABatch()
    {
        var narrow = new GenerationOptions { MaxNewTokens = 5, ScoreUnder = ScoreBasis.Allowed, Constraint = new Always(TokenSet.Range(400, 410)) };
        GenerationResult alone = await _model.GenerateAsync(Ring, "caption en", narrow);
        GenerationResult caption = await _model.GenerateAsync(Ring, "caption en");
        IReadOnlyList<GenerationResult> together = await _model.GenerateBatchAsync(
            [new(Ring, "caption en", narrow), new(Ring, "caption en"), new(Ring, "caption en", narrow with { UncappedFirstToken = true })]);
        Assert.Equal(alone.Tokens.Select(token => token.Id), together[0].Tokens.Select(token => token.Id));
        Assert.Equal(alone.LogProbability, together[0].LogProbability, 5e-5 * 5);
        Assert.Equal(caption.Text, together[1].Text);
        Assert.NotEqual(alone.LogProbability, together[2].LogProbability);
    }

    [Fact]
    public async Task WhatCannotWorkIsSaid()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => Ask(new Always(TokenSet.Empty)));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Ask(new Always(TokenSet.Of(_model.Config.ImageTokenId))));
        await Assert.ThrowsAsync<FormatException>(() => Ask(new Failing()));
        await Assert.ThrowsAsync<ArgumentException>(() => _model.GenerateAsync(Ring, "ocr", new GenerationOptions { ScoreUnder = (ScoreBasis)7 }));

        Task<GenerationResult> Ask(ITokenConstraint constraint) =>
            _model.GenerateAsync(Ring, "caption en", new GenerationOptions { ScoreUnder = ScoreBasis.Allowed, Constraint = constraint });
    }

    private sealed class Always(TokenSet allowed) : ITokenConstraint
    {
        public int Start => 0;

        public TokenSet Allowed(int state) => allowed;

        public int Next(int state, int id) => 0;
    }

    private sealed class Failing : ITokenConstraint
    {
        public int Start => 0;

        public TokenSet Allowed(int state) => throw new FormatException();

        public int Next(int state, int id) => 0;
    }
}
