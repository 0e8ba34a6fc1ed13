using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Generation;
using Xunit;

namespace PaliSharp.Tests.Generation;

public class StoppingTests
{
    [Fact]
    public void Streamed_text_ends_where_a_search_of_the_whole_text_ends_it() => PropertyChecks.Holds(
        from text in Gen.Choose(0, 40).SelectMany(length => Gen.Choose('a', 'c').ArrayOf(length))
        from count in Gen.Choose(1, 4)
        from stops in Gen.Choose(1, 5).SelectMany(length => Gen.Choose('a', 'c').ArrayOf(length)).ArrayOf(count)
        from cuts in Gen.Choose(0, 6).ArrayOf(60)
        select (Join(text), stops.Select(Join).ToArray(), cuts),
        item =>
        {
            (string text, string[] stops, int[] cuts) = item;
            (string expected, string? stop) = Search(text, stops);
            var matcher = new StopStringMatcher(stops);
            string emitted = string.Empty;
            int position = 0;
            foreach (int cut in cuts.Append(text.Length))
            {
                int end = Math.Min(text.Length, position + cut);
                emitted += matcher.Push(text.AsSpan(position, end - position));
                position = end;
                Assert.StartsWith(emitted, expected, StringComparison.Ordinal);

                // Nothing is held back that cannot become a stop string.
                string held = matcher.IsStopped ? string.Empty : text[emitted.Length..position];
                Assert.True(held.Length == 0 || stops.Any(candidate => candidate.StartsWith(held, StringComparison.Ordinal)), held);
            }

            emitted += matcher.Finish();
            Assert.Equal(expected, emitted);
            Assert.Equal(stop, matcher.Matched);
            if (stop is not null)
                Assert.Equal(string.Empty, matcher.Push(text));
        });

    [Fact]
    public void Without_stop_strings_everything_passes()
    {
        var matcher = new StopStringMatcher([]);
        Assert.Equal("abc", matcher.Push("abc"));
        Assert.Equal(string.Empty, matcher.Finish());
        Assert.False(matcher.IsStopped);
    }

    [Fact]
    public void Characters_beyond_the_basic_plane_are_not_cut()
    {
        var matcher = new StopStringMatcher(["😀!"]);
        Assert.Equal("a😁", matcher.Push("a😁"));
        Assert.Equal("b", matcher.Push("b😀"));
        Assert.Equal("😀c", matcher.Push("c"));
        Assert.Equal("d", matcher.Push("d😀!e"));
        Assert.Equal("😀!", matcher.Matched);
    }

    [Fact]
    public void Time_is_linear_in_the_text()
    {
        string almost = new string('a', 2_000) + "b";
        var matcher = new StopStringMatcher([almost, almost[1..], almost[500..]]);
        int emitted = 0;
        string piece = new('a', 1_000);
        for (int i = 0; i < 500; i++)
            emitted += matcher.Push(piece).Length;
        emitted += matcher.Finish().Length;
        Assert.Equal(500_000, emitted);
    }

    [Fact]
    public void Conditions_name_the_reason()
    {
        var conditions = new StopConditions { EosIds = [1, 107], StopIds = [5], MaxNewTokens = 3 };
        Assert.Null(conditions.After(4, 2));
        Assert.Equal(FinishReason.Length, conditions.After(4, 3));
        Assert.Equal(FinishReason.Stop, conditions.After(107, 3));
        Assert.Equal(FinishReason.Stop, conditions.After(5, 1));
        Assert.True(new StopConditions().Ends(1));
    }

    [Fact]
    public void Misuse_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new StopConditions { MaxNewTokens = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new StopConditions { EosIds = [-1] });
        Assert.Throws<ArgumentOutOfRangeException>(() => new StopConditions { StopIds = [-1] });
        Assert.Throws<ArgumentException>(() => new StopConditions { StopStrings = [""] });
        Assert.Throws<ArgumentException>(() => new StopConditions { StopStrings = ["a\ud83d"] });
        Assert.Throws<ArgumentException>(() => new StopStringMatcher(["\ude00"]));
    }

    private static string Join(IEnumerable<int> symbols) => string.Concat(symbols.Select(symbol => (char)symbol));

    /// <summary>
    /// The text before the stop string that is complete first, the longest of those complete at once; the whole text if there is none.
    /// </summary>
    private static (string Text, string? Stop) Search(string text, string[] stops)
    {
        for (int end = 1; end <= text.Length; end++)
        {
            string? stop = stops.Where(candidate => text.AsSpan(0, end).EndsWith(candidate)).MaxBy(candidate => candidate.Length);
            if (stop is not null)
                return (text[..(end - stop.Length)], stop);
        }

        return (text, null);
    }
}
