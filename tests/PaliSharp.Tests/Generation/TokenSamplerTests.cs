using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Generation;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tests.Generation;

public class TokenSamplerTests
{
    private static readonly SamplingOptions EveryFilter = new()
    {
        Temperature = 0.8, TopK = 50, TopP = 0.95, MinP = 0.001, TypicalP = 0.98, EpsilonCutoff = 1e-5, EtaCutoff = 1e-5,
        RepetitionPenalty = 1.1, NoRepeatNgramSize = 3, Seed = 1,
    };

    [Fact]
    public void Greedy_takes_the_lowest_of_the_likeliest_tokens()
    {
        var sampler = new TokenSampler(SamplingOptions.Greedy);
        float[] logits = new float[100];
        (logits[37], logits[38], logits[90]) = (3, 3, 3);
        SampledToken token = sampler.Sample(logits, []);
        Assert.Equal(37, token.Id);
        Assert.Equal(3 - Math.Log((3 * Math.Exp(3)) + 97), token.LogProbability, 6);
        Assert.Equal(0, sampler.Sample([-0f, 0f], []).Id);
    }

    [Fact]
    public void Greedy_heeds_the_repetition_rules_but_no_filter()
    {
        var sampler = new TokenSampler(EveryFilter with { Temperature = 0, TypicalP = 0.01, RepetitionPenalty = 100 });
        Assert.Equal(1, sampler.Sample([5, 3, 1], [0]).Id);
        Assert.Equal(0, sampler.Sample([5, 3, 1], []).Id);
    }

    [Fact]
    public void The_log_probability_is_that_of_the_models_own_distribution() => PropertyChecks.Holds(PropertyChecks.Logits, logits =>
    {
        var sampler = new TokenSampler(EveryFilter);
        SampledToken token = sampler.Sample(logits, [0, 1, 2], sampler.CreateRandom(0));
        Assert.Equal(Math.Log(PropertyChecks.Probabilities(logits)[token.Id]), token.LogProbability, 1e-4);
    });

    [Fact]
    public void The_log_probability_of_a_large_vocabulary_is_exact()
    {
        foreach (int count in new[] { 1, 7, 8, 9, 31, 257_216 })
        {
            float[] logits = TestNumbers.Normal(count, count, 8, 100);
            SampledToken token = new TokenSampler(SamplingOptions.Greedy).Sample(logits, []);
            Assert.Equal(Math.Log(PropertyChecks.Probabilities(logits)[token.Id]), token.LogProbability, 1e-6);
        }
    }

    [Fact]
    public void Neither_masked_nor_disallowed_tokens_are_chosen() => PropertyChecks.Holds(
        from logits in PropertyChecks.Logits
        from temperature in Gen.Elements(0.0, 0.5, 2.0)
        from masked in Gen.Choose(0, 60).ArrayOf(8)
        from allowed in Gen.Choose(0, 60).ArrayOf(12)
        select (logits, temperature, masked, allowed),
        item =>
        {
            (float[] logits, double temperature, int[] masked, int[] allowed) = item;
            var options = new SamplingOptions { Temperature = temperature, TopP = 0.9, Seed = 5 };
            var sampler = new TokenSampler(options, VocabularyMask.Forbid(TokenSet.Of(masked)));
            TokenSet set = TokenSet.Of(allowed);
            bool possible = allowed.Except(masked).Any(id => id < logits.Length && float.IsFinite(logits[id]));
            if (!possible)
            {
                Assert.Throws<InvalidOperationException>(() => sampler.Sample(logits, [], sampler.CreateRandom(0), set));
                return;
            }

            int chosen = sampler.Sample(logits, [], sampler.CreateRandom(0), set).Id;
            Assert.DoesNotContain(chosen, masked);
            Assert.Contains(chosen, allowed);
            Assert.True(float.IsFinite(logits[chosen]));
        });

    [Fact]
    public void Equal_seeds_give_equal_tokens_and_other_seeds_others()
    {
        int[] first = Draw(new SamplingOptions { Temperature = 1, Seed = 7 }, 0);
        Assert.Equal(first, Draw(new SamplingOptions { Temperature = 1, Seed = 7 }, 0));
        Assert.NotEqual(first, Draw(new SamplingOptions { Temperature = 1, Seed = 8 }, 0));
        Assert.NotEqual(first, Draw(new SamplingOptions { Temperature = 1, Seed = 7 }, 1));
        Assert.NotEqual(Draw(new SamplingOptions { Temperature = 1 }, 0), Draw(new SamplingOptions { Temperature = 1 }, 0));
    }

    [Fact]
    public void Drawn_tokens_follow_the_distribution()
    {
        const int Draws = 50_000;
        float[] logits = TestNumbers.Normal(40, 11, 1.5f);
        const double Temperature = 1.3;
        double[] expected = PropertyChecks.Probabilities(Array.ConvertAll(logits, value => value / (float)Temperature));
        var sampler = new TokenSampler(new SamplingOptions { Temperature = Temperature, Seed = 2024 });
        SequenceRandom random = sampler.CreateRandom(0);
        var counts = new int[logits.Length];
        for (int i = 0; i < Draws; i++)
            counts[sampler.Sample(logits, [], random).Id]++;

        // Pearson's statistic: mean 39, standard deviation √78.
        double statistic = counts.Zip(expected, (count, p) => Math.Pow(count - (Draws * p), 2) / (Draws * p)).Sum();
        Assert.InRange(statistic, 39 - (3 * Math.Sqrt(78)), 39 + (4 * Math.Sqrt(78)));
    }

    [Fact]
    public void Filtered_draws_stay_within_the_filters_and_keep_proportions()
    {
        const int Draws = 10_000;
        float[] logits = TestNumbers.Normal(60, 12, 2);
        var options = new SamplingOptions { Temperature = 1, TopK = 3, Seed = 9 };
        var sampler = new TokenSampler(options);
        SequenceRandom random = sampler.CreateRandom(0);
        var counts = new int[logits.Length];
        for (int i = 0; i < Draws; i++)
            counts[sampler.Sample(logits, [], random).Id]++;
        int[] top = [.. Enumerable.Range(0, 60).OrderByDescending(id => logits[id]).Take(3)];
        double total = top.Sum(id => Math.Exp(logits[id]));
        Assert.Equal(Draws, top.Sum(id => counts[id]));
        Assert.All(top, id => Assert.Equal(Math.Exp(logits[id]) / total, counts[id] / (double)Draws, 0.02));
    }

    [Fact]
    public void Sampling_allocates_nothing_once_warm()
    {
        float[] logits = TestNumbers.Normal(5_000, 3, 3);
        int[] previous = [.. Enumerable.Range(0, 200).Select(i => i % 37)];
        TokenSet allowed = TokenSet.Range(10, 4_900);
        var top = new TopTokens(5);
        var likeliest = new SampledToken[5];
        TokenSampler[] samplers =
        [
            new(SamplingOptions.Greedy), new(EveryFilter, VocabularyMask.ForTokenizer(4_800, 3)),
            new(EveryFilter with { Temperature = 0 }, VocabularyMask.ForTokenizer(4_800, 3)),
        ];
        SequenceRandom[] randoms = [.. samplers.Select(sampler => sampler.CreateRandom(0))];
        long Measure()
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < samplers.Length; i++)
                samplers[i].Sample(logits, previous, randoms[i], allowed);
            top.Find(logits, likeliest);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        for (int i = 0; i < 3; i++)
            Measure();
        Assert.Equal(0, Measure());
    }

    [Fact]
    public void The_likeliest_tokens_are_those_of_a_full_sort() => PropertyChecks.Holds(
        from logits in PropertyChecks.Logits
        from count in Gen.Choose(1, 20)
        select (logits, count),
        item =>
        {
            (float[] logits, int count) = item;
            var found = new SampledToken[count];
            int written = new TopTokens(count).Find(logits, found);
            IEnumerable<int> finite = Enumerable.Range(0, logits.Length).Where(id => float.IsFinite(logits[id]));
            int[] expected = [.. finite.OrderByDescending(id => logits[id]).Take(count)];
            Assert.Equal(expected, found[..written].Select(token => token.Id));
            double[] probabilities = PropertyChecks.Probabilities(logits);
            Assert.All(found[..written], token => Assert.Equal(Math.Log(probabilities[token.Id]), token.LogProbability, 1e-4));
        });

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Logits_that_are_no_numbers_are_refused(float value)
    {
        foreach (int place in new[] { 0, 5, 39 })
        {
            float[] logits = new float[40];
            logits[place] = value;
            Assert.Throws<CheckpointException>(() => new TokenSampler(SamplingOptions.Greedy).Sample(logits, []));
        }

        Assert.Throws<CheckpointException>(() => new TokenSampler(SamplingOptions.Greedy).Sample([float.NegativeInfinity], []));
    }

    [Fact]
    public void Misuse_is_refused()
    {
        var sampler = new TokenSampler(new SamplingOptions { Temperature = 1 });
        Assert.Throws<ArgumentNullException>(() => sampler.Sample([1, 2], []));
        Assert.Throws<ArgumentException>(() => sampler.SampleWithNoise([1, 2], [], [1]));
    }

    private static int[] Draw(SamplingOptions options, int stream)
    {
        float[] logits = TestNumbers.Normal(50, 1);
        var sampler = new TokenSampler(options);
        SequenceRandom random = sampler.CreateRandom(stream);
        return [.. Enumerable.Range(0, 40).Select(_ => sampler.Sample(logits, [], random).Id)];
    }
}
