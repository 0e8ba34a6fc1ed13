using PaliSharp.Generation;
using Xunit;

namespace PaliSharp.Tests.Generation;

public class SamplingOptionsTests
{
    public static TheoryData<string, Func<SamplingOptions>> Invalid => new()
    {
        { nameof(SamplingOptions.Temperature), () => new SamplingOptions { Temperature = -1 } },
        { nameof(SamplingOptions.Temperature), () => new SamplingOptions { Temperature = 1e-9 } },
        { nameof(SamplingOptions.Temperature), () => new SamplingOptions { Temperature = double.NaN } },
        { nameof(SamplingOptions.Temperature), () => new SamplingOptions { Temperature = double.PositiveInfinity } },
        { nameof(SamplingOptions.TopK), () => new SamplingOptions { TopK = -1 } },
        { nameof(SamplingOptions.TopP), () => new SamplingOptions { TopP = 1.01 } },
        { nameof(SamplingOptions.TopP), () => new SamplingOptions { TopP = double.NaN } },
        { nameof(SamplingOptions.MinP), () => new SamplingOptions { MinP = -0.1 } },
        { nameof(SamplingOptions.TypicalP), () => new SamplingOptions { TypicalP = 0 } },
        { nameof(SamplingOptions.EpsilonCutoff), () => new SamplingOptions { EpsilonCutoff = 1 } },
        { nameof(SamplingOptions.EtaCutoff), () => new SamplingOptions { EtaCutoff = 1 } },
        { nameof(SamplingOptions.RepetitionPenalty), () => new SamplingOptions { RepetitionPenalty = 0 } },
        { nameof(SamplingOptions.NoRepeatNgramSize), () => new SamplingOptions { NoRepeatNgramSize = -2 } },
    };

    [Theory]
    [MemberData(nameof(Invalid))]
    public void Values_out_of_range_are_refused_by_name(string name, Func<SamplingOptions> create)
    {
        ArgumentOutOfRangeException exception = Assert.Throws<ArgumentOutOfRangeException>(create);
        Assert.Equal(name, exception.ParamName);
        Assert.Contains("must be", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_default_is_greedy_without_filters()
    {
        Assert.True(SamplingOptions.Greedy.IsGreedy);
        Assert.Empty(LogitsProcessors.Penalties(new SamplingOptions()));
        Assert.Empty(LogitsProcessors.Filters(new SamplingOptions { Temperature = 1 }, new SamplingScratch()));
    }
}
