using System.Text.Json;
using PaliSharp.Segmentation;
using Xunit;

namespace PaliSharp.Evaluation.Tests;

[Trait("Category", "Golden")]
public sealed class DetectionGoldenTests
{
    [SkippableFact]
    public void RunLengthsEqualPycocotools()
    {
        foreach (JsonElement root in MetricGoldens.Files("rle.json"))
        {
            foreach (JsonElement item in root.List("rle"))
            {
                double[] size = item.GetProperty("size").Numbers();
                (int height, int width) = ((int)size[0], (int)size[1]);
                int[] counts = [.. item.GetProperty("counts_uncompressed").Numbers().Select(value => (int)value)];
                RunLengths mask = RunLengths.FromCounts(width, height, counts);
                Assert.Equal(item.Text("counts"), mask.ToString());
                Assert.Equal(counts, RunLengths.Parse(width, height, item.Text("counts")).Counts);
                Assert.Equal(item.Integer("area"), mask.Area());
                Assert.Equal(item.GetProperty("bbox").Numbers(), Numbers(mask.Bounds()));
                if (item.GetProperty("rows").ValueKind != JsonValueKind.Null)
                {
                    bool[] pixels = [.. item.Texts("rows").SelectMany(row => row.Select(c => c == '1'))];
                    Assert.Equal(counts, RunLengths.FromMask(Mask.FromPixels(width, height, pixels)).Counts);
                    Assert.Equal(pixels, mask.ToMask().ToPixels());
                }
            }
        }
    }

    [SkippableFact]
    public void OverlapsAndUnionsEqualPycocotools()
    {
        foreach (JsonElement root in MetricGoldens.Files("rle.json"))
        {
            foreach (JsonElement item in root.List("iou"))
            {
                double[] size = item.GetProperty("size").Numbers();
                RunLengths[] found = [.. item.Texts("dt").Select(text => RunLengths.Parse((int)size[1], (int)size[0], text))];
                RunLengths[] truths = [.. item.Texts("gt").Select(text => RunLengths.Parse((int)size[1], (int)size[0], text))];
                CocoBox[] foundBoxes = [.. item.List("boxes_dt").Select(Box)];
                CocoBox[] truthBoxes = [.. item.List("boxes_gt").Select(Box)];
                double[] crowd = item.GetProperty("iscrowd").Numbers();
                Assert.Equal(item.Text("union"), RunLengthMath.Merge(found, intersect: false).ToString());
                Assert.Equal(item.Text("intersection"), RunLengthMath.Merge(found, intersect: true).ToString());
                for (int i = 0; i < found.Length; i++)
                {
                    for (int j = 0; j < truths.Length; j++)
                    {
                        MetricGoldens.Close(item.GetProperty("iou")[i][j].GetDouble(), found[i].Overlap(truths[j], crowd[j] != 0), 1e-12, item.Text("name"));
                        MetricGoldens.Close(item.GetProperty("box_iou")[i][j].GetDouble(), foundBoxes[i].Overlap(truthBoxes[j], crowd[j] != 0), 1e-12, item.Text("name"));
                    }
                }
            }
        }
    }

    [SkippableFact]
    public void PolygonsBecomeTheMasksOfPycocotools()
    {
        foreach (JsonElement root in MetricGoldens.Files("rle.json"))
        {
            foreach (JsonElement item in root.List("polygons"))
            {
                double[] size = item.GetProperty("size").Numbers();
                RunLengths mask = RunLengthMath.FromPolygon(item.GetProperty("polygon").Numbers(), (int)size[1], (int)size[0]);
                Assert.Equal(item.Text("counts"), mask.ToString());
                Assert.Equal(item.Integer("area"), mask.Area());
                Assert.Equal(item.GetProperty("bbox").Numbers(), Numbers(mask.Bounds()));
                Assert.Equal(item.Text("box_counts"), RunLengthMath.FromBox(Box(item.GetProperty("box_xywh")), (int)size[1], (int)size[0]).ToString());
            }
        }
    }

    [SkippableFact]
    public void AveragePrecisionEqualsPycocotools()
    {
        foreach (JsonElement root in MetricGoldens.Files("coco_detection.json"))
        {
            foreach (JsonElement item in root.List("cases"))
            {
                JsonElement data = item.GetProperty("dataset");
                long[] categories = [.. data.List("categories").Select(category => category.GetProperty("id").GetInt64())];
                CocoTruth[] truths = [.. data.List("annotations").Select(Truth)];
                CocoPrediction[] predictions = [.. item.List("predictions").Select(Prediction)];
                Check(item.GetProperty("bbox"), CocoEvaluator.Evaluate(truths, predictions, CocoKind.Boxes, categories), item.Text("name"));
                Check(item.GetProperty("segm"), CocoEvaluator.Evaluate(truths, predictions, CocoKind.Masks, categories), item.Text("name"));
            }
        }
    }

    [SkippableFact]
    public void ReferringSegmentationEqualsBigVision()
    {
        foreach (JsonElement root in MetricGoldens.Files("segmentation.json"))
        {
            ReferringSegmentation total = default;
            foreach (JsonElement item in root.List("cases"))
            {
                double[] box = item.GetProperty("gt_box_yxyx").Numbers();
                Mask truth = Ellipse(item.Integer("height"), item.Integer("width"), box);
                Assert.Equal(item.Integer("gt_area"), truth.Area);
                float[] decoded = [.. Convert.FromBase64String(item.Text("mask64_int8_base64")).Select(value => (sbyte)value / 40f)];
                ReferringSegmentation score = ReferringSegmentation.Of(Bins(item.GetProperty("tokens").Numbers()), decoded, truth, (box[0], box[1], box[2], box[3]));
                Assert.Equal(item.Number("invalid"), score.Invalid);
                Assert.Equal(item.Number("box_acc_0.5"), score.BoxHits50);
                Assert.Equal(item.Number("box_acc_0.75"), score.BoxHits75);
                Assert.InRange(Math.Abs(item.Integer("union") - score.Union), 0, 1);
                MetricGoldens.Close(item.Number("iou"), score.Overlap, 2.0 / item.Integer("union"), item.Text("name"));
                total += score;
            }

            JsonElement aggregate = root.GetProperty("aggregate");
            MetricGoldens.Close(aggregate.Number("miou"), total.MeanOverlap, 1e-4, "miou");
            MetricGoldens.Close(aggregate.Number("ciou"), total.CumulativeOverlap, 1e-4, "ciou");
            Assert.Equal(aggregate.Number("invalid"), total.Invalid);
            MetricGoldens.Close(aggregate.Number("boxacc/0.5"), (double)total.BoxHits50 / total.Items, 1e-12, "boxacc");
        }
    }

    /// <summary>The bins of a strictly valid answer: 4 locations in order and 16 codes.</summary>
    private static int[]? Bins(double[] tokens)
    {
        int[] bins = [.. tokens.Take(4).Select(token => (int)token - 256000)];
        int[] codes = [.. tokens.Skip(4).Take(16).Select(token => (int)token - 257024)];
        bool isValid = bins.Length == 4 && codes.Length == 16
            && bins.All(bin => bin is >= 0 and < 1024) && codes.All(code => code is >= 0 and < 128)
            && bins[2] > bins[0] && bins[3] > bins[1];
        return isValid ? bins : null;
    }

    private static Mask Ellipse(int height, int width, double[] box)
    {
        var pixels = new bool[width * height];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                double v = (((y + 0.5) / height) - ((box[0] + box[2]) / 2)) / ((box[2] - box[0]) / 2);
                double u = (((x + 0.5) / width) - ((box[1] + box[3]) / 2)) / ((box[3] - box[1]) / 2);
                pixels[(y * width) + x] = (v * v) + (u * u) <= 1;
            }
        }

        return Mask.FromPixels(width, height, pixels);
    }

    private static void Check(JsonElement expected, CocoScores actual, string name)
    {
        double[] stats =
        [
            actual.Ap, actual.Ap50, actual.Ap75, actual.ApSmall, actual.ApMedium, actual.ApLarge,
            actual.Recall1, actual.Recall10, actual.Recall100, actual.RecallSmall, actual.RecallMedium, actual.RecallLarge,
        ];
        double[] right = expected.GetProperty("stats").Numbers();
        for (int i = 0; i < stats.Length; i++)
            MetricGoldens.Close(right[i], stats[i], 1e-9, $"{name} {i}");
        foreach (JsonProperty category in expected.GetProperty("ap_per_category").EnumerateObject())
            MetricGoldens.Close(category.Value.GetDouble(), actual.ApByCategory[long.Parse(category.Name)], 1e-9, $"{name} {category.Name}");
        double[] byThreshold = expected.GetProperty("ap_per_iou").Numbers();
        for (int i = 0; i < byThreshold.Length; i++)
            MetricGoldens.Close(byThreshold[i], actual.ApByThreshold[i], 1e-9, $"{name} threshold {i}");
    }

    private static CocoTruth Truth(JsonElement item) => new(
        item.GetProperty("image_id").GetInt64(),
        item.GetProperty("category_id").GetInt64(),
        Box(item.GetProperty("bbox")),
        item.Number("area"),
        item.Integer("iscrowd") != 0,
        MaskOf(item.GetProperty("segmentation")));

    private static CocoPrediction Prediction(JsonElement item) => new(
        item.GetProperty("image_id").GetInt64(),
        item.GetProperty("category_id").GetInt64(),
        Box(item.GetProperty("bbox")),
        item.Number("score"),
        MaskOf(item.GetProperty("segmentation")));

    private static RunLengths MaskOf(JsonElement item)
    {
        double[] size = item.GetProperty("size").Numbers();
        return RunLengths.Parse((int)size[1], (int)size[0], item.Text("counts"));
    }

    private static CocoBox Box(JsonElement item)
    {
        double[] values = item.Numbers();
        return new CocoBox(values[0], values[1], values[2], values[3]);
    }

    private static double[] Numbers(CocoBox box) => [box.X, box.Y, box.Width, box.Height];
}
