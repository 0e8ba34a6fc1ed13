using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Generation;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tests.Generation;

/// <summary>Each processor against its rule written plainly with full sorts.</summary>
public class LogitsProcessorTests
{
    private const double Slack = 1e-5;

    [Fact]
    public void Top_k_keeps_the_k_likeliest_and_what_ties_with_the_last() => PropertyChecks.Holds(With(Gen.Choose(1, 70)), item =>
    {
        (float[] logits, int k) = item;
        float[] actual = Apply(new TopKProcessor(k, new SamplingScratch()), logits);
        float border = logits.OrderDescending().ElementAt(Math.Min(k, logits.Length) - 1);
        Assert.Equal(logits.Select(logit => logit >= border ? logit : float.NegativeInfinity), actual);
    });

    [Theory]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(2_000)]
    public void Top_k_of_a_large_vocabulary_keeps_the_k_likeliest(int k)
    {
        float[] logits = TestNumbers.Normal(5_000, k, 3);
        float border = logits.OrderDescending().ElementAt(k - 1);
        float[] actual = Apply(new TopKProcessor(k, new SamplingScratch()), logits);
        Assert.Equal(logits.Select(logit => logit >= border ? logit : float.NegativeInfinity), actual);
    }

    [Fact]
    public void Top_p_keeps_the_fewest_tokens_that_reach_the_mass() => PropertyChecks.Holds(With(Shares), item =>
    {
        (float[] logits, double p) = item;
        double[] before = PropertyChecks.Probabilities(logits);
        float[] actual = Apply(new TopPProcessor(p, NucleusRule.HuggingFace, new SamplingScratch()), logits);
        int[] kept = Kept(actual);
        Assert.NotEmpty(kept);
        double mass = kept.Sum(id => before[id]);
        Assert.True(mass >= p - Slack);
        Assert.True(kept.Length == 1 || mass - kept.Min(id => before[id]) < p + Slack);
        float least = kept.Min(id => logits[id]);
        Assert.All(Removed(actual), id => Assert.True(logits[id] <= least));
        Assert.All(kept, id => Assert.Equal(logits[id], actual[id]));
    });

    [Fact]
    public void The_nucleus_of_big_vision_keeps_all_ties_on_its_border() => PropertyChecks.Holds(With(Shares), item =>
    {
        (float[] logits, double p) = item;
        float[] narrow = Apply(new TopPProcessor(p, NucleusRule.HuggingFace, new SamplingScratch()), logits);
        float[] wide = Apply(new TopPProcessor(p, NucleusRule.BigVision, new SamplingScratch()), logits);
        float cut = Kept(narrow).Min(id => logits[id]);
        Assert.Equal(logits.Select(logit => logit >= cut ? logit : float.NegativeInfinity), wide);
    });

    [Fact]
    public void Of_ties_on_the_border_of_top_p_the_lowest_ids_stay()
    {
        float[] actual = Apply(new TopPProcessor(0.7, NucleusRule.HuggingFace, new SamplingScratch()), [1, 1, 1, 1]);
        Assert.Equal([1, 1, 1, float.NegativeInfinity], actual);
    }

    [Fact]
    public void Min_p_keeps_a_share_of_the_likeliest() => PropertyChecks.Holds(With(InnerShares), item =>
    {
        (float[] logits, double share) = item;
        double[] before = PropertyChecks.Probabilities(logits);
        double border = share * before.Max();
        float[] actual = Apply(new MinPProcessor(share), logits);
        Assert.All(Kept(actual), id => Assert.True(before[id] >= border * (1 - Slack)));
        Assert.All(Removed(actual), id => Assert.True(before[id] <= border * (1 + Slack)));
    });

    [Fact]
    public void Typical_keeps_the_tokens_nearest_to_the_entropy() => PropertyChecks.Holds(With(InnerShares), item =>
    {
        (float[] logits, double share) = item;
        double[] before = PropertyChecks.Probabilities(logits);
        double entropy = before.Where(p => p > 0).Sum(p => -p * Math.Log(p));
        double[] distance = [.. before.Select(p => Math.Abs(-Math.Log(p) - entropy))];
        float[] actual = Apply(new TypicalProcessor(share, new SamplingScratch()), logits);
        int[] kept = Kept(actual);
        double farthest = kept.Max(id => distance[id]);
        Assert.True(kept.Sum(id => before[id]) >= share - Slack);
        Assert.True(kept.Where(id => distance[id] < farthest - 1e-4).Sum(id => before[id]) < share + Slack);
        Assert.All(Removed(actual), id => Assert.True(distance[id] >= farthest - 1e-4));
    });

    [Fact]
    public void Epsilon_and_eta_keep_what_is_likely_enough_and_the_likeliest() => PropertyChecks.Holds(With(InnerShares), item =>
    {
        (float[] logits, double cutoff) = item;
        double[] before = PropertyChecks.Probabilities(logits);
        double entropy = before.Where(p => p > 0).Sum(p => -p * Math.Log(p));
        CheckFloor(Apply(new EpsilonCutoffProcessor(cutoff), logits), before, cutoff);
        double eta = Math.Min(cutoff, Math.Sqrt(cutoff) * Math.Exp(-entropy));
        CheckFloor(Apply(new EtaCutoffProcessor(cutoff, new SamplingScratch()), logits), before, eta);
    });

    [Fact]
    public void The_repetition_penalty_meets_each_token_once()
    {
        var processor = new RepetitionPenaltyProcessor(2);
        for (int round = 0; round < 2; round++)
        {
            float[] actual = Apply(processor, [2, -2, 0, 8, float.NegativeInfinity], [0, 1, 1, 0, 2, 4, -1, 99]);
            Assert.Equal([1f, -4, 0, 8, float.NegativeInfinity], actual);
        }
    }

    [Theory]
    [InlineData(1, new[] { 3, 0, 3 }, new[] { 0, 3 })]
    [InlineData(2, new[] { 1, 2, 3, 1 }, new[] { 2 })]
    [InlineData(2, new[] { 1, 1 }, new[] { 1 })]
    [InlineData(3, new[] { 1, 2, 3, 1, 2 }, new[] { 3 })]
    [InlineData(3, new[] { 1, 2 }, new int[0])]
    [InlineData(4, new[] { 1, 2, 3 }, new int[0])]
    [InlineData(2, new int[0], new int[0])]
    [InlineData(2, new[] { 1, 9, 1 }, new int[0])]
    public void No_repeat_ngram_removes_what_would_complete_one(int size, int[] previous, int[] removed) =>
        Assert.Equal(removed, Removed(Apply(new NoRepeatNgramProcessor(size), new float[4], previous)));

    [Fact]
    public void Temperature_divides()
    {
        float[] logits = [.. Enumerable.Range(0, 37).Select(id => (float)id)];
        Assert.Equal(logits.Select(logit => logit / 0.5f), Apply(new TemperatureProcessor(0.5), logits));
    }

    [Fact]
    public void The_order_is_that_of_transformers()
    {
        var options = new SamplingOptions
        {
            Temperature = 0.5, TopK = 5, TopP = 0.9, MinP = 0.1, TypicalP = 0.9, EpsilonCutoff = 0.1, EtaCutoff = 0.1,
            RepetitionPenalty = 1.1, NoRepeatNgramSize = 2,
        };
        Assert.Equal(
            [typeof(RepetitionPenaltyProcessor), typeof(NoRepeatNgramProcessor)],
            LogitsProcessors.Penalties(options).Select(item => item.GetType()));
        Assert.Equal(
            [
                typeof(TemperatureProcessor), typeof(TopKProcessor), typeof(TopPProcessor), typeof(MinPProcessor), typeof(TypicalProcessor),
                typeof(EpsilonCutoffProcessor), typeof(EtaCutoffProcessor),
            ],
            LogitsProcessors.Filters(options, new SamplingScratch()).Select(item => item.GetType()));
        Assert.Empty(LogitsProcessors.Filters(options with { Temperature = 0 }, new SamplingScratch()));
        Assert.Empty(LogitsProcessors.Penalties(SamplingOptions.Greedy));
    }

    [Fact]
    public void Selection_by_rank_equals_sorting() => PropertyChecks.Holds(With(Gen.Choose(0, 10_000)), item =>
    {
        (float[] values, int number) = item;
        int rank = (number % values.Length) + 1;
        Assert.Equal(values.OrderDescending().ElementAt(rank - 1), new RadixSelector().Largest(values, rank));
    });

    private static Gen<double> InnerShares => Gen.Choose(1, 99).Select(value => value / 100.0);

    private static Gen<double> Shares => Gen.Choose(0, 100).Select(value => value / 100.0);

    private static Gen<(float[] Logits, T Parameter)> With<T>(Gen<T> parameters) =>
        from logits in PropertyChecks.Logits
        from parameter in parameters
        select (logits, parameter);

    private static float[] Apply(ILogitsProcessor processor, float[] logits, int[]? previous = null)
    {
        float[] copy = [.. logits];
        processor.Process(copy, previous ?? []);
        return copy;
    }

    private static int[] Kept(float[] logits) => [.. Enumerable.Range(0, logits.Length).Where(id => float.IsFinite(logits[id]))];

    private static int[] Removed(float[] logits) => [.. Enumerable.Range(0, logits.Length).Where(id => !float.IsFinite(logits[id]))];

    private static void CheckFloor(float[] actual, double[] before, double floor)
    {
        double max = before.Max();
        Assert.All(Kept(actual), id => Assert.True(before[id] >= floor * (1 - Slack) || before[id] >= max * (1 - Slack)));
        Assert.All(Removed(actual), id => Assert.True(before[id] <= floor * (1 + Slack) && (before[id] < max || before[id] == 0)));
    }
}
