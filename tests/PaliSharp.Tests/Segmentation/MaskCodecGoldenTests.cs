using System.Text.Json;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Tests.Segmentation;

/// <summary>The mask codec against big_vision: encoding, decoding, pasting, boxes.</summary>
[Trait("Category", "Golden")]
public sealed class MaskCodecGoldenTests
{
    [SkippableFact]
    public void DecodedMasksAndEveryStageEqualTheReference()
    {
        foreach (string folder in MaskCodecGoldens.Folders("decode.safetensors"))
        {
            MaskCodec codec = MaskCodecGoldens.Codec(folder);
            IReadOnlyDictionary<string, GoldenTensor> tensors = GoldenTensors.Load(Path.Combine(folder, "decode.safetensors"));
            int[] ids = tensors["ids"].Ints();
            float[] masks = tensors["masks"].Floats();
            int count = tensors["ids"].Shape[0];
            Assert.True(count > 0);
            for (int i = 0; i < count; i++)
            {
                int stages = 0;
                ReadOnlySpan<float> expected = masks.AsSpan(i * 64 * 64, 64 * 64);
                float[] actual = codec.Decode(ids.AsSpan(i * 16, 16), (stage, map) => stages += CheckStage(tensors, $"steps/{i:D2}/{stage}", map));
                Assert.True(stages is 0 or 9, $"{stages} stages were compared.");
                Assert.InRange(TestNumbers.RelativeL2(actual, expected), 0, 1e-5);
                for (int j = 0; j < actual.Length; j++)
                    Assert.Equal(expected[j], actual[j], 1e-4);
            }
        }
    }

    [SkippableFact]
    public void EncodedMasksAndEveryStageEqualTheReference()
    {
        foreach (string folder in MaskCodecGoldens.Folders("encode.json"))
        {
            MaskCodec codec = MaskCodecGoldens.Codec(folder);
            IReadOnlyDictionary<string, GoldenTensor> tensors = GoldenTensors.Load(Path.Combine(folder, "encode.safetensors"));
            foreach (JsonElement item in MaskCodecGoldens.Json(folder, "encode.json").EnumerateArray())
            {
                byte[] levels = MaskCodecGoldens.Levels(Path.Combine(folder, item.GetProperty("mask").GetString()!), out int width, out int height);
                float[] c = [.. item.GetProperty("bbox_yxyx").EnumerateArray().Select(value => value.GetSingle())];
                var box = new RelativeBox(c[0], c[1], c[2], c[3]);
                string index = item.GetProperty("index").GetInt32().ToString("D2");

                float[] input = SegmentationTarget.Crop(levels, width, height, box);
                float[] expected = tensors[$"{index}/mask64"].Floats();
                for (int i = 0; i < input.Length; i++)
                    Assert.Equal(expected[i], input[i], 1e-5);
                int stages = 0;
                int[] codes = codec.Encode(input, (stage, map) => stages += CheckStage(tensors, $"{index}/{stage}", map));
                Assert.True(stages is 0 or 8, $"{stages} stages were compared.");
                Assert.Equal(MaskCodecGoldens.Ints(item.GetProperty("seg")), codes);

                SegmentationTarget target = SegmentationTarget.Create(codec, levels, width, height, box);
                Assert.Equal(MaskCodecGoldens.Ints(item.GetProperty("loc")), target.Bins);
                Assert.Equal(item.GetProperty("suffix").GetString()!.Split(' ')[0], target.ToString());
            }
        }
    }

    [SkippableFact]
    public void BinsOfBoxesEqualTheTrainersAndBoxesOfBinsTheEvaluatorsAndTheDemos()
    {
        foreach (string folder in MaskCodecGoldens.Folders("boxes.json", needsCodec: false))
        {
            JsonElement root = MaskCodecGoldens.Json(folder, "boxes.json");
            foreach (JsonElement item in root.GetProperty("encode").EnumerateArray())
            {
                int[] bins = [.. item.GetProperty("box_yxyx").EnumerateArray().Select(value => LocationGrid.ToBin(value.GetSingle(), 1))];
                Assert.Equal(MaskCodecGoldens.Ints(item.GetProperty("bins")), bins);
            }

            foreach (JsonElement item in root.GetProperty("decode").EnumerateArray())
            {
                int[] bins = MaskCodecGoldens.Ints(item.GetProperty("bins"));
                int width = item.GetProperty("width").GetInt32();
                int height = item.GetProperty("height").GetInt32();
                foreach ((LocationConvention convention, string coordinates, string pixels) in ((LocationConvention, string, string)[])[
                    (LocationConvention.Training, "coords_1023", "evaluator_pixels_y1x1y2x2"), (LocationConvention.PublicDemo, "coords_1024", "demo_pixels_y1x1y2x2")])
                {
                    PixelBox box = LocationGrid.ToPixels(bins[0], bins[1], bins[2], bins[3], width, height, convention);
                    Assert.Equal(MaskCodecGoldens.Ints(item.GetProperty(pixels)), (int[])[box.Y1, box.X1, box.Y2, box.X2]);
                    BoundingBox relative = LocationGrid.ToBox(bins[0], bins[1], bins[2], bins[3], 1, 1, convention);
                    double[] expected = [.. item.GetProperty(coordinates).EnumerateArray().Select(value => value.GetDouble())];
                    float[] actual = [relative.Y1, relative.X1, relative.Y2, relative.X2];
                    for (int i = 0; i < 4; i++)
                        Assert.Equal(expected[i], actual[i], 1e-6);
                }
            }
        }
    }

    private static int CheckStage(IReadOnlyDictionary<string, GoldenTensor> tensors, string name, FeatureMap map)
    {
        if (!tensors.TryGetValue(name, out GoldenTensor? expected))
            return 0;
        Assert.Equal([map.Side, map.Side, map.Channels], expected.Shape);
        double distance = TestNumbers.RelativeL2(map.Values, expected.Floats());
        Assert.True(distance <= 1e-5, $"{name}: relative distance {distance}.");
        return 1;
    }
}
