using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Generation;
using Xunit;

namespace PaliSharp.Tests.Generation;

public class TokenSetTests
{
    private static Gen<TokenSet> Sets =>
        from ids in Gen.ArrayOf(Gen.Choose(0, 40))
        from start in Gen.Choose(0, 40)
        from length in Gen.Choose(0, 10)
        select TokenSet.Of(ids).Union(TokenSet.Range(start, start + length));

    [Fact]
    public void Sets_behave_as_sets() => PropertyChecks.Holds(
        from left in Sets
        from right in Sets
        select (left, right),
        item =>
        {
            (TokenSet left, TokenSet right) = item;
            TokenSet union = left.Union(right);
            TokenSet rest = left.Complement();
            for (int id = 0; id < 60; id++)
            {
                Assert.Equal(left.Contains(id) || right.Contains(id), union.Contains(id));
                Assert.NotEqual(left.Contains(id), rest.Contains(id));
            }

            Assert.False(union.Contains(-1));
            Assert.Equal(left.Ranges.ToArray(), rest.Complement().Ranges.ToArray());
            TokenRange[] ranges = union.Ranges.ToArray();
            Assert.All(ranges, range => Assert.True(range.Start < range.End));
            Assert.All(ranges.Skip(1).Zip(ranges), pair => Assert.True(pair.First.Start > pair.Second.End));
        });

    [Fact]
    public void Logits_outside_or_inside_are_removed() => PropertyChecks.Holds(
        from set in Sets
        from count in Gen.Choose(1, 60)
        select (set, count),
        item =>
        {
            var kept = new float[item.count];
            var removed = new float[item.count];
            item.set.KeepIn(kept);
            item.set.RemoveFrom(removed);
            for (int id = 0; id < item.count; id++)
            {
                Assert.Equal(item.set.Contains(id), kept[id] == 0);
                Assert.Equal(item.set.Contains(id), float.IsNegativeInfinity(removed[id]));
            }
        });

    [Fact]
    public void A_tokenizers_mask_forbids_padding_rows_and_named_tokens()
    {
        TokenSet forbidden = VocabularyMask.ForTokenizer(100, 7, 200).Forbidden;
        Assert.True(forbidden.Contains(7) && forbidden.Contains(100) && forbidden.Contains(int.MaxValue - 1));
        Assert.False(forbidden.Contains(6) || forbidden.Contains(99));
        Assert.Same(VocabularyMask.None, VocabularyMask.Forbid(TokenSet.Empty));
    }

    [Fact]
    public void An_id_can_be_left_out()
    {
        TokenSet set = TokenSet.Of(2, 3, 4, 9);
        foreach (int id in (int[])[2, 3, 9])
            Assert.Equal(((int[])[2, 3, 4, 9]).Where(other => other != id), Enumerable.Range(0, 20).Where(set.Without(id).Contains));
        Assert.Same(set, set.Without(5));
        Assert.True(TokenSet.All.Without(7).Contains(8));
        Assert.False(TokenSet.All.Without(7).Contains(7));
    }

    [Fact]
    public void Misuse_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => TokenSet.Of(3, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => TokenSet.Range(-1, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => TokenSet.Range(5, 4));
        Assert.Throws<ArgumentException>(() => new TokenAutomaton([]));
        Assert.Throws<ArgumentException>(() => new TokenAutomaton([[new TokenTransition(TokenSet.All, 1)]]));
        var automaton = new TokenAutomaton([[new TokenTransition(TokenSet.Of(4), 0)]]);
        Assert.Equal(0, automaton.Next(automaton.Start, 4));
        Assert.Throws<ArgumentException>(() => automaton.Next(0, 5));
    }
}
