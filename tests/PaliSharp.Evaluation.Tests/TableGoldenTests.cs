using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace PaliSharp.Evaluation.Tests;

public sealed class TableGoldenTests
{
    [SkippableFact]
    [Trait("Category", "Golden")]
    public void TreeSimilarityEqualsPubTabNet()
    {
        foreach (JsonElement root in MetricGoldens.Files("tables.json"))
        {
            foreach (JsonElement item in root.List("cases"))
            {
                (string truth, string prediction) = (item.Text("true"), item.Text("prediction"));
                MetricGoldens.Close(item.Number("teds"), TreeEditSimilarity.Teds(prediction, truth), 1e-12, item.Text("name"));
                MetricGoldens.Close(item.Number("s_teds"), TreeEditSimilarity.Teds(prediction, truth, structureOnly: true), 1e-12, item.Text("name"));
            }

            string right = root.GetProperty("cases")[0].Text("true");
            Assert.Equal(0, TreeEditSimilarity.Teds(string.Empty, right));
            Assert.Equal(0, TreeEditSimilarity.Teds("<html><body>x</body></html>", right));
        }
    }

    [SkippableFact]
    [Trait("Category", "Golden")]
    public void GridSimilarityEqualsTableTransformer()
    {
        foreach (JsonElement root in MetricGoldens.Files("tables.json"))
        {
            foreach (JsonElement item in root.List("cases"))
            {
                GridScore? topology = GridSimilarity.Topology(item.Text("true"), item.Text("prediction"));
                GridScore? content = GridSimilarity.Content(item.Text("true"), item.Text("prediction"));
                JsonElement expected = item.GetProperty("grits");
                Assert.Equal(expected.ValueKind == JsonValueKind.Null, topology is null);
                if (topology is null)
                    continue;
                MetricGoldens.Close(expected.Number("grits_top"), topology.Value.F1, 1e-9, item.Text("name"));
                MetricGoldens.Close(expected.Number("grits_precision_top"), topology.Value.Precision, 1e-9, item.Text("name"));
                MetricGoldens.Close(expected.Number("grits_recall_top"), topology.Value.Recall, 1e-9, item.Text("name"));
                MetricGoldens.Close(expected.Number("grits_con"), content!.Value.F1, 1e-9, item.Text("name"));
                MetricGoldens.Close(expected.Number("grits_precision_con"), content.Value.Precision, 1e-9, item.Text("name"));
                MetricGoldens.Close(expected.Number("grits_recall_con"), content.Value.Recall, 1e-9, item.Text("name"));
            }
        }
    }

    [Fact]
    public void AnyMarkupIsCompared() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(200).WithReplay(20_251_122UL, 77UL),
        Prop.ForAll(
            (from count in Gen.Choose(0, 25)
             from parts in Gen.ArrayOf(Gen.Elements("<table>", "</table>", "<tr>", "<td>", "<td colspan=2>", "<td rowspan=3>", "</td>", "<b>", "</b>", "<br>", "a", "é", " ", "&lt;", "<thead>", "</tr>", "<", "\""), count)
             select string.Concat(parts)).ToArbitrary(),
            html =>
            {
                const string Right = "<table><tr><td>a</td><td><b>b</b></td></tr></table>";
                Assert.InRange(TreeEditSimilarity.Teds(html, Right), -1, 1);
                Assert.InRange(TreeEditSimilarity.Teds("<table>" + html, "<table>" + html), 0, 1);
                if (GridSimilarity.Content(Right, html) is { } score)
                    Assert.InRange(score.F1, 0, 1);
            }));

    [Fact]
    public void TablesTooLargeToCompareAreRefused()
    {
        string large = "<table>" + string.Concat(Enumerable.Repeat("<tr><td>a</td></tr>", 2000)) + "</table>";
        Assert.Throws<ResourceLimitException>(() => TreeEditSimilarity.Teds(large, large));
        string wide = "<table><tr>" + string.Concat(Enumerable.Repeat("<td rowspan=1000 colspan=1000>a</td>", 4)) + "</tr></table>";
        Assert.Throws<ResourceLimitException>(() => GridSimilarity.Topology(wide, wide));
        string nested = string.Concat(Enumerable.Repeat("<b>", 100_000));
        Assert.Throws<ResourceLimitException>(() => TreeEditSimilarity.Teds("<table><tr><td>" + nested, "<table><tr><td>a</td></tr></table>"));
    }
}
