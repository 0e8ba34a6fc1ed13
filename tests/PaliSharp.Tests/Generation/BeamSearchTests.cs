using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Generation;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tests.Generation;

/// <summary>Beam searches over small made-up models, against plain restatements of the rules and against trying every text.</summary>
public class BeamSearchTests
{
    [Fact]
    public void The_rule_of_transformers_is_followed() => PropertyChecks.Holds(Cases(BeamRule.HuggingFace), AgreesWithReference);

    [Fact]
    public void The_rule_of_big_vision_is_followed() => PropertyChecks.Holds(Cases(BeamRule.BigVision), AgreesWithReference);

    [Theory]
    [InlineData(0.0)]
    [InlineData(1.0)]
    [InlineData(-0.5)]
    public void With_beams_for_every_text_the_best_of_all_texts_is_found(double penalty)
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var model = new ToyModel(4, seed);
            var options = new BeamOptions { Beams = 256, LengthPenalty = penalty };
            BeamHypothesis best = Run(new BeamSearch(options, 4, [1]), model)[0];
            (int[] tokens, double sum) = model.AllTexts(4, 1).MaxBy(text => text.Sum / Math.Pow(text.Tokens.Length, penalty));
            Assert.Equal(tokens, best.Tokens);
            Assert.Equal(sum / Math.Pow(tokens.Length, penalty), best.Score, 1e-5);
            Assert.Equal(tokens[^1] == 1, best.Ended);
        }
    }

    [Fact]
    public void With_beams_for_every_text_big_visions_rule_finds_the_best_closed_text()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var model = new ToyModel(4, seed);
            BeamHypothesis best = Run(new BeamSearch(new BeamOptions { Beams = 256, Rule = BeamRule.BigVision }, 4, [1]), model)[0];
            (int[] tokens, double sum) = model.AllTexts(4, 1).Where(text => text.Tokens[^1] == 1).MaxBy(text => text.Sum);
            Assert.Equal(tokens, best.Tokens);
            Assert.Equal(sum, best.Score, 1e-5);
            Assert.Equal(best.Score, best.SumLogProbability);
            Assert.True(best.Ended);
        }
    }

    [Fact]
    public void One_beam_of_transformers_without_an_end_is_greedy_choice()
    {
        var model = new ToyModel(30, 5);
        BeamHypothesis found = Run(new BeamSearch(new BeamOptions { Beams = 1 }, 12, []), model)[0];
        List<int> greedy = [];
        for (int i = 0; i < 12; i++)
            greedy.Add(ArgMax.Of(model.After(greedy)));
        Assert.Equal(greedy, found.Tokens);
        Assert.False(found.Ended);
        Assert.Equal(found.LogProbabilities.Sum(value => (double)value), found.SumLogProbability, 1e-4);
    }

    [Fact]
    public void Log_probabilities_in_place_of_logits_change_nothing()
    {
        var model = new ToyModel(9, 3);
        var options = new BeamOptions { Beams = 3, Returned = 3 };
        IReadOnlyList<BeamHypothesis> expected = Run(new BeamSearch(options, 6, [1]), model);
        IReadOnlyList<BeamHypothesis> actual = Run(new BeamSearch(options, 6, [1]), model, logits =>
        {
            double normaliser = Softmax.LogSumExp(logits);
            return Array.ConvertAll(logits, value => (float)(value - normaliser));
        });
        Assert.Equal(expected.Select(text => text.Tokens), actual.Select(text => text.Tokens));
    }

    [Theory]
    [InlineData(BeamRule.HuggingFace)]
    [InlineData(BeamRule.BigVision)]
    public void Masked_tokens_are_never_chosen_and_scores_stay_those_of_the_whole_distribution(BeamRule rule)
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var model = new ToyModel(8, seed);
            var options = new BeamOptions { Beams = 3, Returned = 3, Rule = rule, LengthPenalty = 0 };
            var search = new BeamSearch(options, 5, [1], VocabularyMask.Forbid(TokenSet.Range(5, int.MaxValue)));
            foreach (BeamHypothesis text in Run(search, model))
            {
                Assert.All(text.Tokens, id => Assert.InRange(id, 0, 4));
                Assert.Equal(model.Sum([.. text.Tokens]), text.Score, 1e-5);
            }
        }
    }

    [Theory]
    [InlineData(BeamRule.HuggingFace)]
    [InlineData(BeamRule.BigVision)]
    public void Every_text_follows_the_constraint(BeamRule rule)
    {
        // Two tokens of 4…6, then 2 or 3, then the end.
        var grammar = new TokenAutomaton(
        [
            [new TokenTransition(TokenSet.Range(4, 7), 1)],
            [new TokenTransition(TokenSet.Range(4, 7), 2)],
            [new TokenTransition(TokenSet.Of(2, 3), 3)],
            [new TokenTransition(TokenSet.Of(1), 3)],
        ]);
        var options = new BeamOptions { Beams = 4, Returned = 4, Rule = rule, EarlyStopping = BeamStopping.WhenFull };
        IReadOnlyList<BeamHypothesis> texts = Run(new BeamSearch(options, 10, [1], constraint: grammar), new ToyModel(8, 1));
        Assert.NotEmpty(texts);
        foreach (BeamHypothesis text in texts)
        {
            Assert.Equal(4, text.Tokens.Count);
            Assert.All(text.Tokens.Take(2), id => Assert.InRange(id, 4, 6));
            Assert.InRange(text.Tokens[2], 2, 3);
            Assert.Equal(1, text.Tokens[3]);
        }
    }

    [Fact]
    public void A_broken_off_search_returns_its_live_texts()
    {
        var model = new ToyModel(8, 2);
        var search = new BeamSearch(new BeamOptions { Beams = 3, Returned = 2 }, 10, []);
        search.Advance(model.After([]));
        IReadOnlyList<BeamHypothesis> texts = search.Results();
        Assert.Equal(2, texts.Count);
        Assert.Equal(ArgMax.Of(model.After([])), Assert.Single(texts[0].Tokens));
        Assert.False(texts[0].Ended);
    }

    [Fact]
    public void Misuse_is_refused()
    {
        var options = new BeamOptions { Beams = 2 };
        Assert.Throws<ArgumentOutOfRangeException>(() => new BeamOptions { Beams = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new BeamOptions { Returned = BeamOptions.MaxBeams + 1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new BeamOptions { LengthPenalty = double.NaN });
        Assert.Throws<ArgumentOutOfRangeException>(() => new BeamSearch(options, 0, [1]));
        Assert.Throws<ArgumentException>(() => new BeamSearch(options with { Rule = BeamRule.BigVision }, 5, []));
        Assert.Throws<ArgumentException>(() => new BeamSearch(options, 5, [1]).Advance([]));
        Assert.Throws<CheckpointException>(() => new BeamSearch(options, 5, [1]).Advance([1, float.NaN, 2]));
        var search = new BeamSearch(options, 5, []);
        search.Advance([1, 2, 3]);
        Assert.Throws<ArgumentException>(() => search.Advance([1, 2, 3]).Length);
        var short1 = new BeamSearch(options, 1, [1]);
        short1.Advance([1, 2, 3]);
        Assert.True(short1.IsDone);
        Assert.Throws<InvalidOperationException>(() => short1.Advance([1, 2, 3]).Length);
        var barred = new BeamSearch(options, 5, [1], VocabularyMask.Forbid(TokenSet.All));
        Assert.Throws<InvalidOperationException>(() => barred.Advance([1, 2, 3]).Length);
    }

    private static Gen<ToyCase> Cases(BeamRule rule) =>
        from seed in Gen.Choose(0, 1_000_000)
        from vocabulary in Gen.Choose(3, 12)
        from beams in Gen.Choose(1, 5)
        from limit in Gen.Choose(1, 8)
        from ends in Gen.Choose(rule == BeamRule.BigVision ? 1 : 0, 2)
        from penalty in Gen.Elements(-1.0, 0.0, 0.6, 1.0, 2.0)
        from stopping in Gen.Elements(BeamStopping.Heuristic, BeamStopping.WhenFull, BeamStopping.Never)
        select new ToyCase(
            seed, vocabulary, limit, new[] { 1, 2 }[..ends],
            new BeamOptions { Beams = beams, Returned = beams, LengthPenalty = penalty, EarlyStopping = stopping, Rule = rule });

    private static void AgreesWithReference(ToyCase item)
    {
        var model = new ToyModel(item.Vocabulary, item.Seed);
        IReadOnlyList<BeamHypothesis> actual = Run(new BeamSearch(item.Options, item.Limit, item.EndIds), model);
        List<ReferenceBeams.Text> expected = item.Options.Rule == BeamRule.HuggingFace
            ? ReferenceBeams.HuggingFace(model, item.Options, item.Limit, item.EndIds)
            : ReferenceBeams.BigVision(model, item.Options.Beams, item.Limit, item.EndIds);
        Assert.Equal(expected.Count, actual.Count);
        for (int i = 0; i < expected.Count; i++)
        {
            Assert.Equal(expected[i].Tokens, actual[i].Tokens);
            Assert.Equal(expected[i].Score, actual[i].Score, 1e-5);
        }
    }

    private static IReadOnlyList<BeamHypothesis> Run(BeamSearch search, ToyModel model, Func<float[], float[]>? transform = null)
    {
        List<int[]> live = [[]];
        while (!search.IsDone)
        {
            float[] logits = [.. live.SelectMany(text => (transform ?? (row => row))(model.After(text)))];
            BeamStep[] steps = search.Advance(logits).ToArray();
            live = [.. steps.Select(step => (int[])[.. live[step.Parent], step.Token])];
        }

        return search.Results();
    }

    private sealed record ToyCase(int Seed, int Vocabulary, int Limit, int[] EndIds, BeamOptions Options);
}
