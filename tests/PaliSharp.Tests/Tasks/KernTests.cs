using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Tasks;
using PaliSharp.Tests.Generation;
using Xunit;

namespace PaliSharp.Tests.Tasks;

public sealed class KernTests
{
    [Fact]
    public void SpinesMeasuresAndNotesAreRead()
    {
        ParsedKern parsed = KernParser.Parse(
            "!!!COM: somebody\n**kern\t**kern\n*clefF4\t*clefG2\n*k[b-]\t*k[b-]\n*M3/4\t*M3/4\n=1-\t=1-\n4C 4E\t8cc#L\n.\t8ddJ\n2r\t4.e-\n.\t8qf\n.\t8g\n=2\t=2\n*\t*^\n2.F;\t2.a\t4c'\n.\t.\t[2d\n*\t*v\t*v\n==\t==\n*-\t*-\n");
        Assert.Empty(parsed.Warnings);
        KernScore score = parsed.Score;
        Assert.Equal(["kern", "kern"], score.Spines.Select(spine => spine.Type));
        Assert.Equal(["*clefG2", "*k[b-]", "*M3/4"], score.Spines[1].Interpretations);
        Assert.Equal(["!!!COM: somebody"], score.Comments);
        Assert.Equal(["1", "2"], score.Measures.Select(measure => measure.Number!));
        Assert.Equal(new NoteValue(3, 4), score.Measures[0].Duration);
        Assert.Equal(new NoteValue(3, 4), score.Measures[1].Duration);
        Assert.Equal(11, score.NoteCount);
        KernEvent chord = score.Measures[0].Events[0];
        Assert.Equal([new KernPitch('C', 0, 3), new KernPitch('E', 0, 3)], chord.Notes.Select(note => note.Pitch!.Value));
        Assert.Equal(new KernPitch('C', 1, 5), score.Measures[0].Events[1].Notes[0].Pitch);
        KernEvent dotted = score.Measures[0].Events.First(item => item.Notes[0].Text.StartsWith("4.e", StringComparison.Ordinal));
        Assert.Equal((new NoteValue(3, 8), new NoteValue(1, 4), -1), (dotted.Notes[0].Duration!.Value, dotted.Onset!.Value, dotted.Notes[0].Pitch!.Value.Alteration));
        Assert.True(score.Measures[0].Events.Single(item => item.Notes[0].IsGrace).Notes[0].Duration is not null);
        KernEvent split = score.Measures[1].Events[2];
        Assert.Equal((1, 2), (split.Spine, split.Column));
        Assert.Equal(KernTie.Start, score.Measures[1].Events[3].Notes[0].Tie);
        Assert.Equal(new NoteValue(1, 1), score.Measures[1].Events[3].Onset);
    }

    [Theory]
    [InlineData("4c", 1, 4)]
    [InlineData("8..c", 7, 32)]
    [InlineData("0c", 2, 1)]
    [InlineData("00c", 4, 1)]
    [InlineData("12c", 1, 12)]
    [InlineData("3%2c", 2, 3)]
    [InlineData("1c", 1, 1)]
    public void DurationsAreFractionsOfAWholeNote(string token, long numerator, long denominator)
    {
        KernScore score = KernParser.Parse($"**kern\n{token}\n*-").Score;
        Assert.Equal(new NoteValue(numerator, denominator), score.Measures[0].Events[0].Notes[0].Duration);
    }

    [Theory]
    [InlineData("", "no music")]
    [InlineData("4c\n*-", "taken for granted")]
    [InlineData("**kern\n4c", "before its spines do")]
    [InlineData("**kern\t**kern\n4c\n*-\t*-", "1 columns")]
    [InlineData("**kern\n4h\n*-", "neither a note nor a rest")]
    [InlineData("**kern\nc\n*-", "no duration")]
    [InlineData("**kern\n4c%%\u0001\n*-", "mark")]
    [InlineData("**kern\n99999c\n*-", "duration")]
    [InlineData("**kern\n*v\n*-", "joins")]
    [InlineData("**kern\n*x\n*-", "exchanges")]
    [InlineData("**kern\n*-\n4c", "behind the end")]
    [InlineData("**kern\n*M2/4\n=1\n4c\n4c\n=2\n2c\n4c\n=3\n*-", "metre")]
    [InlineData("**kern\t**kern\n4c\t2d\n.\t4e\n*-\t*-", "do not begin together")]
    [InlineData("**kern\n4c\n**dynam\n*-", "changes a spine")]
    public void WhatDoesNotFitIsReported(string text, string warning)
    {
        if (text.Contains(".\t4e", StringComparison.Ordinal))
            text = text.Replace(".\t4e", "4c\t4e", StringComparison.Ordinal);
        Assert.Contains(KernParser.Parse(text).Warnings, line => line.Contains(warning, StringComparison.Ordinal));
    }

    [Fact]
    public void OtherSpinesAndNewOnesAreFollowed()
    {
        ParsedKern parsed = KernParser.Parse("**kern\t**dynam\n4c\tff\n*+\t*\n*\t**kern\t*\n4d\t4e\tp\n*x\t*x\t*\n4f\t4g\t.\n*-\t*-\t*-\n");
        Assert.Empty(parsed.Warnings);
        Assert.Equal(["kern", "dynam", "kern"], parsed.Score.Spines.Select(spine => spine.Type));
        Assert.Equal([0, 0, 2, 2, 0], parsed.Score.Measures[0].Events.Select(item => item.Spine));
    }

    [Fact]
    public void HostileTextsAreBounded()
    {
        Assert.NotEmpty(KernParser.Parse("**kern\n" + string.Concat(Enumerable.Range(0, 40).Select(i => string.Join('\t', Enumerable.Repeat("*^", Math.Min(1 << Math.Min(i, 12), 4096))) + "\n"))).Warnings);
        Assert.NotNull(KernParser.Parse(new string('\t', 200_000)).Score);
        Assert.NotNull(KernParser.Parse("**kern\n" + string.Concat(Enumerable.Range(1, 5000).Select(i => $"{9000 + (i % 999)}c\n"))).Score);
        Assert.NotNull(KernParser.Parse("**kern\n" + new string('c', 300_000)).Score);
    }

    [Fact]
    public void NoStringThrows() => PropertyChecks.Holds(
        from count in Gen.Choose(0, 30)
        from parts in Gen.ArrayOf(
            Gen.Elements("**kern", "\t", "\n", "*^", "*v", "*x", "*+", "*-", "*", "=", "=1", "4c", "8.dd#", "0r", "2.", "q", "[", " ", "%", ".", "!", "!!x", "*M3/4", "*M0/0", "c", "9999", "\0", "é"),
            count)
        select string.Concat(parts),
        text => Assert.NotNull(KernParser.Parse(text).Score));
}
