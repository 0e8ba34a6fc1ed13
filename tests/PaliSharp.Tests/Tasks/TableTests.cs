using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using PaliSharp.Tasks;
using PaliSharp.Tests.Generation;
using Xunit;

namespace PaliSharp.Tests.Tasks;

public sealed class TableTests
{
    [Fact]
    public void CellsTakeTheirPlaces()
    {
        ParsedTables parsed = TableParser.Parse(
            """
            <table><caption>Sales</caption>
            <thead><tr><th rowspan="2">Year</th><th colspan=2>Units</th></tr><tr><th>A&amp;B</th><th>C</th></tr></thead>
            <tbody><tr><td>2024</td><td> 1 <br> 2 </td><td>x<sup>2</sup></td></tr><tr><td>2025</td><td colspan="2">none</td></tr></tbody></table>
            """);
        Assert.Empty(parsed.Warnings);
        Table table = Assert.Single(parsed.Tables);
        Assert.Equal((4, 3, 2, "Sales"), (table.RowCount, table.ColumnCount, table.HeaderRowCount, table.Caption));
        Assert.Same(table[0, 0], table[1, 0]);
        Assert.Equal("A&B", table[1, 1]!.Text);
        Assert.Equal("1\n2", table[2, 1]!.Text);
        Assert.Equal("x2", table[2, 2]!.Text);
        Assert.Equal(2, table[3, 2]!.ColumnSpan);
        Assert.True(table[1, 2]!.IsHeader);
        Assert.Equal("Year,Units,\r\n,A&B,C\r\n2024,\"1\n2\",x2\r\n2025,none,\r\n", table.ToCsv());
        Assert.Equal("| Year | Units |  |\n| --- | --- | --- |\n|  | A&B | C |\n| 2024 | 1<br>2 | x2 |\n| 2025 | none |  |\n", table.ToMarkdown());
        using JsonDocument json = JsonDocument.Parse(table.ToJson());
        Assert.Equal(2, json.RootElement.GetProperty("header_rows").GetInt32());
        Assert.Equal(table.Cells.Count, json.RootElement.GetProperty("cells").GetArrayLength());
        Assert.Equal(table.ToHtml(), TableParser.Parse(table.ToHtml()).Tables[0].ToHtml());
    }

    [Theory]
    [InlineData("<tr><td>a</td></tr>", 1, 1, "without a table")]
    [InlineData("<table><td>a<td>b</table>", 1, 2, "outside of rows")]
    [InlineData("<table><tr><td>a", 1, 1, "ends inside a table")]
    [InlineData("<table><tr><td>a</td></tr></table", 1, 1, "ends inside a tag")]
    [InlineData("<table>x<tr><td>a</td></tr></table>", 1, 1, "outside of cells")]
    [InlineData("<table><tr><td colspan=\"x\">a</td></tr></table>", 1, 1, "colspan")]
    [InlineData("<table><tr><td rowspan=\"3\">a</td><td>b</td></tr><tr><td>c</td></tr></table>", 2, 2, "spans 3 rows")]
    [InlineData("<table><tr><td>a</td></tr></table></table>", 1, 1, "not begun")]
    [InlineData("<table><tr><td>a<table><tr><td>b</td></tr></table></td></tr></table>", 1, 1, "inside a table")]
    [InlineData("<table><tr><td><blink>a</blink></td></tr></table>", 1, 1, "<blink>")]
    [InlineData("<table><tr><td coords=\"<loc0001>\">a</td></tr></table>", 1, 1, "coordinates")]
    [InlineData("<table><tr><td coords=\"<loc0001>a</td></tr></table>", 1, 1, "coordinates")]
    [InlineData("<table><tr><td>a</td><td rowspan=2>b</td></tr><tr><td colspan=2>c</td></tr></table>", 2, 2, "in its way")]
    public void BrokenMarkupIsRepairedAndReported(string html, int rows, int columns, string warning)
    {
        ParsedTables parsed = TableParser.Parse(html);
        Table table = parsed.Tables[0];
        Assert.Equal((rows, columns), (table.RowCount, table.ColumnCount));
        Assert.Contains(parsed.Warnings, text => text.Contains(warning, StringComparison.Ordinal));
    }

    [Fact]
    public void SpansToTheEndOfTheGroupAndWithoutHead()
    {
        Table table = TableParser.Parse("<table><tr><th>h</th><th>i</th></tr><tr><td rowspan=0>a</td><td>b</td></tr><tr><td>c</td></tr><tfoot><tr><td>f</td></tr></table>").Tables[0];
        Assert.Equal((4, 2, 1), (table.RowCount, table.ColumnCount, table.HeaderRowCount));
        Assert.Equal(2, table[1, 0]!.RowSpan);
        Assert.Null(table[3, 1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => table[4, 0]);
    }

    [Fact]
    public void SeveralTablesAreRead() =>
        Assert.Equal(["a", "b"], TableParser.Parse("<table><tr><td>a</table><p><table><tr><td>b</table>").Tables.Select(table => table[0, 0]!.Text));

    [Fact]
    public void HostileSizesAreBounded()
    {
        string[] texts =
        [
            "<table><tr>" + string.Concat(Enumerable.Repeat("<td colspan=65535 rowspan=65535>", 2000)),
            "<table>" + string.Concat(Enumerable.Repeat("<tr><td colspan=1000>", 3000)),
            "<table>" + string.Concat(Enumerable.Repeat("<tr><td rowspan=65535>", 5000)),
            string.Concat(Enumerable.Repeat("<td a=\"", 50_000)),
            string.Concat(Enumerable.Repeat("<!--", 50_000)),
            string.Concat(Enumerable.Repeat("<table>", 50_000)),
            string.Concat(Enumerable.Repeat("<table></table>", 20_000)),
            "<table><tr><td " + string.Concat(Enumerable.Range(0, 50_000).Select(i => $"a{i}='x' ")) + ">",
        ];
        foreach (string text in texts)
        {
            ParsedTables parsed = TableParser.Parse(text);
            Assert.All(parsed.Tables, table => Assert.InRange((long)table.RowCount * table.ColumnCount, 0, TableParser.MaximumSlots));
            Assert.InRange(parsed.Warnings.Count, 0, 40);
        }
    }

    [Fact]
    public void NoStringThrows() => PropertyChecks.Holds(
        from count in Gen.Choose(0, 30)
        from parts in Gen.ArrayOf(
            Gen.Elements("<table>", "</table>", "<tr>", "</tr>", "<td>", "<th colspan=3>", "<td rowspan='2'>", "</td>", "<thead>", "</thead>", "<tbody", ">", "<", "</", "&lt;", "&#0;", "\"", "'", "a", " ", "\n", "|", "<!--", "-->", "<br>", "<caption>", "coords=", "\0", "\uD800", "<td coords=\"<loc0001><loc0002><loc0003><loc0004>\">"),
            count)
        select string.Concat(parts),
        html =>
        {
            ParsedTables parsed = TableParser.Parse(html);
            foreach (Table table in parsed.Tables)
            {
                // What is written is read back as the same table, without a warning.
                ParsedTables again = TableParser.Parse(table.ToHtml());
                Assert.Equal(table.ToCsv(), again.Tables[0].ToCsv());
                Assert.NotNull(table.ToMarkdown());
                using JsonDocument json = JsonDocument.Parse(table.ToJson());
            }
        });
}
