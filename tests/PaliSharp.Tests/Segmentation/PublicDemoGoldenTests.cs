using System.Text.Json;
using PaliSharp.Segmentation;
using PaliSharp.Tasks;
using Xunit;

namespace PaliSharp.Tests.Segmentation;

/// <summary>Answers as text against the public demo: objects, left-over text, soft masks.</summary>
[Trait("Category", "Golden")]
public sealed class PublicDemoGoldenTests
{
    [SkippableFact]
    public void ObjectsAndTextEqualTheDemos()
    {
        foreach (string folder in MaskCodecGoldens.Folders("text.json", needsCodec: false))
        {
            foreach (JsonElement item in MaskCodecGoldens.Json(folder, "text.json").EnumerateArray())
            {
                DemoPiece[] pieces = [.. Parse(item)];
                JsonElement[] expected = [.. item.GetProperty("objects").EnumerateArray()];
                Assert.Equal(expected.Select(piece => piece.GetProperty("content").GetString()), pieces.Select(piece => piece.Content));
                for (int i = 0; i < pieces.Length; i++)
                {
                    Assert.Equal(expected[i].TryGetProperty("loc", out JsonElement bins), pieces[i].IsObject);
                    if (!pieces[i].IsObject)
                        continue;
                    Assert.Equal(MaskCodecGoldens.Ints(bins), pieces[i].Bins);
                    Assert.Equal(expected[i].GetProperty("name").GetString(), pieces[i].Label);
                    JsonElement codes = expected[i].GetProperty("seg");
                    Assert.Equal(codes.ValueKind == JsonValueKind.Null ? null : MaskCodecGoldens.Ints(codes), pieces[i].Codes);
                    int[] box = MaskCodecGoldens.Ints(expected[i].GetProperty("xyxy"));
                    Assert.Equal(new PixelBox(box[0], box[1], box[2], box[3]), pieces[i].Box);
                }
            }
        }
    }

    [SkippableFact]
    public void SoftMasksEqualTheDemos()
    {
        foreach (string folder in MaskCodecGoldens.Folders("text.json"))
        {
            MaskCodec codec = MaskCodecGoldens.Codec(folder);
            int compared = 0;
            foreach (JsonElement item in MaskCodecGoldens.Json(folder, "text.json").EnumerateArray())
            {
                foreach ((DemoPiece piece, JsonElement expected) in Parse(item).Zip(item.GetProperty("objects").EnumerateArray()))
                {
                    if (!expected.TryGetProperty("soft_mask", out JsonElement name))
                        continue;
                    byte[] levels = MaskCodecGoldens.Levels(Path.Combine(folder, name.GetString()!), out int width, out int height);
                    SoftMask mask = MaskPasting.PasteSoft(codec.Decode([.. piece.Codes!]), piece.Box!.Value, width, height);
                    for (int i = 0; i < levels.Length; i++)
                        Assert.InRange(mask.Levels[i], levels[i] - 1, levels[i] + 1);
                    compared++;
                }
            }

            Assert.True(compared > 0);
        }
    }

    private static IReadOnlyList<DemoPiece> Parse(JsonElement item) => PublicDemoParser.Parse(
        item.GetProperty("text").GetString()!, item.GetProperty("width").GetInt32(), item.GetProperty("height").GetInt32(), item.GetProperty("unique_labels").GetBoolean());
}
