using PaliSharp.Generation;
using Xunit;

namespace PaliSharp.Tests.Generation;

/// <summary>When a text counts as repeating itself.</summary>
public sealed class RepetitionGuardTests
{
    [Theory]
    [InlineData("abcabcabcabc", 3, 4, 1, 12)]
    [InlineData("xyabcabcabcabcabc", 3, 4, 1, 14)]
    [InlineData("abcabcabcabc", 3, 4, 13, -1)] // too few tokens in all
    [InlineData("abcabcabcabca", 3, 4, 13, 13)]
    [InlineData("abcabcabcabc", 2, 4, 1, -1)] // the block is too long
    [InlineData("aaaaaaaa", 8, 4, 6, 6)]
    [InlineData("abcdefgh", 8, 2, 1, -1)]
    [InlineData("abcabcabxabcabcabc", 3, 3, 1, 18)]
    public void TheTextStopsAtTheTokenThatCompletesTheRepetitions(string text, int block, int repetitions, int tokens, int stopsAfter)
    {
        var watch = new RepetitionWatch(new RepetitionGuard { MaxBlockTokens = block, Repetitions = repetitions, MinTokens = tokens });
        var written = new List<SampledToken>();
        int stopped = -1;
        foreach (char letter in text)
        {
            written.Add(new SampledToken(letter, 0));
            if (watch.Push(written))
            {
                stopped = written.Count;
                break;
            }
        }

        Assert.Equal(stopsAfter, stopped);
    }

    [Fact]
    public async Task AnAnswerThatRepeatsItselfEndsWithItsOwnReason()
    {
        using PaliGemma model = PaliGemma.Load();
        int letter = model.Tokenizer!.Encode("a")[0];
        var options = new GenerationOptions { MaxNewTokens = 200, Constraint = new OneToken(letter), StopOnRepetition = new RepetitionGuard { MinTokens = 10 } };
        GenerationResult result = await model.GenerateAsync(new GenerationRequest("a", options));
        Assert.Equal((FinishReason.Repetition, 10), (result.FinishReason, result.Tokens.Count));
        await Assert.ThrowsAsync<ArgumentException>(() => model.GenerateAsync(new GenerationRequest("a", options with { Beam = new BeamOptions() })));
    }

    [Fact]
    public void ValuesOutOfRangeAreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new RepetitionGuard { MaxBlockTokens = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new RepetitionGuard { Repetitions = 1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new RepetitionGuard { MinTokens = 0 });
    }

    private sealed class OneToken(int id) : ITokenConstraint
    {
        public int Start => 0;

        public TokenSet Allowed(int state) => TokenSet.Of(id);

        public int Next(int state, int id) => 0;
    }
}
