using System.Text.Json;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;
using PaliSharp.Tokenization;
using Xunit;

namespace PaliSharp.Tests.Segmentation;

/// <summary>Answers as tokens against big_vision's evaluator: which are valid, their boxes, their masks, their scores.</summary>
[Trait("Category", "Golden")]
public sealed class PasteGoldenTests
{
    private static readonly Tokenizer Nano = Tokenizer.Load(BundledModel.Find()!);

    [SkippableFact]
    public void ValidityMasksAndScoresEqualTheEvaluators()
    {
        foreach (string folder in MaskCodecGoldens.Folders("paste.json"))
        {
            var parser = new SegmentationParser(new ObjectTokens(Nano), MaskCodecGoldens.Codec(folder));
            JsonElement root = MaskCodecGoldens.Json(folder, "paste.json");
            var ious = new List<double>();
            int invalid = 0;
            foreach (JsonElement item in root.GetProperty("cases").EnumerateArray())
            {
                int[] size = MaskCodecGoldens.Ints(item.GetProperty("size_hw"));
                Segment? found = parser.Parse(Answer(root, item), size[1], size[0], LocationConvention.Training, []).FirstOrDefault();
                Assert.Equal(item.GetProperty("valid_tokens").GetBoolean(), found is not null);
                bool isInvalid = found is null || found.Pixels.IsEmpty;
                Assert.Equal(item.GetProperty("invalid").GetInt32() != 0, isInvalid);
                invalid += isInvalid ? 1 : 0;
                ious.Add(isInvalid ? 0 : MaskOverlap(folder, item, found!));
                CheckBox(item, found, size[1], size[0]);
            }

            JsonElement summary = root.GetProperty("summary");
            Assert.Equal(summary.GetProperty("miou").GetDouble(), ious.Average(), 1e-3);
            Assert.Equal(summary.GetProperty("invalid").GetInt32(), invalid);
        }
    }

    /// <summary>The evaluator's tokens up to the end, in the ids of the demonstration model.</summary>
    private static SampledToken[] Answer(JsonElement root, JsonElement item)
    {
        int firstLocation = root.GetProperty("loc0").GetInt32();
        int firstCode = root.GetProperty("seg0").GetInt32();
        int end = root.GetProperty("eos").GetInt32();
        int text = Nano.Encode("a")[0];
        return
        [
            .. MaskCodecGoldens.Ints(item.GetProperty("tokens")).TakeWhile(id => id != end).Select(id => new SampledToken(
                id >= firstCode ? id - firstCode + Nano.FirstSegmentationId!.Value : id >= firstLocation ? id - firstLocation + Nano.FirstLocationId!.Value : text, -0.1f)),
        ];
    }

    private static double MaskOverlap(string folder, JsonElement item, Segment found)
    {
        bool[] actual = found.Mask.ToPixels();
        bool[] expected = item.GetProperty("mask").GetString() is { } name
            ? Mask.FromImage(Image.Load(Path.Combine(folder, name))).ToPixels()
            : new bool[actual.Length];
        Assert.Equal(expected.Length, actual.Length);
        int near = item.GetProperty("pixels_within_1e_4_of_0").GetInt32();
        int different = Enumerable.Range(0, actual.Length).Count(i => actual[i] != expected[i]);
        Assert.True(different <= near, $"{different} pixels differ; {near} lie close to the border.");
        double overlap = found.Mask.IntersectionOverUnion(Mask.FromImage(Image.Load(Path.Combine(folder, item.GetProperty("truth").GetString()!))));
        Assert.Equal(item.GetProperty("iou").GetDouble(), overlap, (near / Math.Max(1.0, item.GetProperty("mask_pixels").GetInt32())) + 1e-9);
        return overlap;
    }

    private static void CheckBox(JsonElement item, Segment? found, int width, int height)
    {
        double overlap = 0;
        if (found is not null)
        {
            int[] pixels = MaskCodecGoldens.Ints(item.GetProperty("pixel_box_y1x1y2x2"));
            Assert.Equal(new PixelBox(pixels[1], pixels[0], pixels[3], pixels[2]), found.Pixels);
            float[] truth = [.. item.GetProperty("truth_box_yxyx").EnumerateArray().Select(value => value.GetSingle())];
            overlap = found.Box.IntersectionOverUnion(new BoundingBox(truth[1] * width, truth[0] * height, truth[3] * width, truth[2] * height));
        }

        Assert.Equal(item.GetProperty("box_iou").GetDouble(), overlap, 1e-4);
        Assert.Equal(item.GetProperty("box_hit_50").GetBoolean(), overlap >= 0.5);
        Assert.Equal(item.GetProperty("box_hit_75").GetBoolean(), overlap >= 0.75);
    }
}
