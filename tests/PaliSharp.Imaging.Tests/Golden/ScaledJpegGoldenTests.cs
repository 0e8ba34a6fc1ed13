using System.Text.Json;
using PaliSharp.TestSupport;

namespace PaliSharp.Imaging.Tests.Golden;

[Trait("Category", "Golden")]
public class ScaledJpegGoldenTests
{
    [Fact]
    public void Scaled_decoding_equals_the_reference()
    {
        var failures = new List<string>();
        int total = 0;
        foreach (string path in GoldenData.Topic(GoldenFiles.Topic).Select(root => Path.Combine(root, "scaled", "cases.json")).Where(File.Exists))
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
            foreach (JsonElement c in document.RootElement.EnumerateArray())
            {
                total++;
                var options = new ImageDecoderOptions { ApplyOrientation = false, JpegScale = (JpegScale)c.Int("scale") };
                Image image = Image.Load(Path.Combine(Path.GetDirectoryName(path)!, c.Text("file")), options);
                if ((image.Width, image.Height) != (c.Int("width"), c.Int("height")))
                    failures.Add($"{c.Text("name")} 1/{c.Int("scale")}: {image.Width}x{image.Height}");
                else if (GoldenFiles.Sha256(image.Pixels) != c.Text("rgb_sha256"))
                    failures.Add($"{c.Text("name")} 1/{c.Int("scale")}: other pixels");
            }
        }

        GoldenFiles.AssertNone(failures, total);
    }

    [Fact]
    public void Other_formats_are_not_scaled()
    {
        byte[] file = TestPictures.Png(TestPictures.Random(40, 24, 3, 1));
        Image image = Image.Decode(file, new ImageDecoderOptions { JpegScale = JpegScale.Eighth });
        Assert.Equal((40, 24), (image.Width, image.Height));
    }

    [Fact]
    public void The_original_size_is_reported()
    {
        using var stream = new MemoryStream();
        TestPictures.Random(45, 23, 3, 1).SaveJpeg(stream);
        Image image = Image.Decode(stream.ToArray(), new ImageDecoderOptions { JpegScale = JpegScale.Half });
        Assert.Equal((23, 12, 45, 23), (image.Width, image.Height, image.Metadata.OriginalWidth, image.Metadata.OriginalHeight));
    }
}
