using PaliSharp.Tasks;
using Xunit;

namespace PaliSharp.Evaluation.Tests;

/// <summary>Drawn pages: text lines, charts, tables.</summary>
public sealed class PageTests
{
    [Fact]
    public void TheSameSeedDrawsTheSamePages()
    {
        foreach (PageKind kind in Enum.GetValues<PageKind>())
        {
            Page first = new PageGenerator(7).Draw(kind, 3);
            Page second = new PageGenerator(7).Draw(kind, 3);
            Assert.True(first.Image.Pixels.SequenceEqual(second.Image.Pixels));
            Assert.Equal(first.Questions.Select(question => question.Answer), second.Questions.Select(question => question.Answer));
            Assert.False(first.Image.Pixels.SequenceEqual(new PageGenerator(8).Draw(kind, 3).Image.Pixels));
        }
    }

    [Fact]
    public void LinesAreShortAndHaveInkInSeveralSizes()
    {
        var generator = new PageGenerator(2);
        string[] texts = [.. Enumerable.Range(0, 50).Select(i =>
        {
            Page page = generator.Draw(PageKind.TextLine, i);
            Assert.True(page.Image.Pixels.ToArray().Distinct().Count() > 2);
            return Assert.Single(page.Questions).Answer;
        })];
        Assert.All(texts, text => Assert.InRange(text.Length, 1, 16));
        Assert.All(texts, text => Assert.Equal(text.Trim(), text));
        Assert.True(texts.Distinct().Count() > 40);
    }

    [Fact]
    public void ChartsAskForWhatTheyShow()
    {
        var generator = new PageGenerator(2);
        for (int i = 0; i < 30; i++)
        {
            Page page = generator.Draw(PageKind.Chart, i);
            Assert.Equal(4, page.Questions.Count);
            Assert.InRange(int.Parse(page.Questions[0].Answer, System.Globalization.CultureInfo.InvariantCulture), 1, 12);
            Assert.InRange(int.Parse(page.Questions[1].Answer, System.Globalization.CultureInfo.InvariantCulture), 1, 12);
            Assert.Single(page.Questions[2].Answer);
            Assert.InRange(int.Parse(page.Questions[3].Answer, System.Globalization.CultureInfo.InvariantCulture), 2, 4);
        }
    }

    [Fact]
    public void TablesAreOfTheSameFormAsWhatIsReadFromThem()
    {
        var generator = new PageGenerator(2);
        for (int i = 0; i < 20; i++)
        {
            string html = Assert.Single(generator.Draw(PageKind.Table, i).Questions).Answer;
            ParsedTables parsed = TableParser.Parse(html);
            Assert.Empty(parsed.Warnings);
            Table table = Assert.Single(parsed.Tables);
            Assert.InRange(table.RowCount, 2, 3);
            Assert.InRange(table.ColumnCount, 2, 3);
            Assert.Equal(1, TreeEditSimilarity.Teds(html, html));
        }
    }

    [Fact]
    public async Task AModelIsMeasuredOnPages()
    {
        using PaliGemma model = PaliGemma.Load();
        PageReport report = await PageEvaluation.RunAsync(model, pages: 2, seed: 5);
        Assert.Equal(2 + (2 * 4) + 2, report.Answers.Count);
        Assert.Equal(5, report.Scores.Count);
        Assert.Equal(8, report.Scores.Single(score => score.Name == "Chart: relaxed accuracy").Count);
        Assert.All(report.Scores, score => Assert.InRange(score.Value, 0, 100));
    }
}
