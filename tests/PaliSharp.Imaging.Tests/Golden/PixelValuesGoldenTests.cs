using System.Runtime.InteropServices;
using System.Text.Json;
using PaliSharp.Imaging.Resampling;

namespace PaliSharp.Imaging.Tests.Golden;

[Trait("Category", "Golden")]
public class PixelValuesGoldenTests
{
    // The torchvision back end computes its weights with less precision.
    private const int TorchvisionTolerance = 2;

    [Fact]
    public void Pixel_values_equal_the_reference_processor()
    {
        var failures = new List<string>();
        int total = 0;
        foreach ((string folder, JsonElement c) in GoldenFiles.Read("pixels"))
        {
            if (!GoldenFiles.Formats.Contains(Path.GetExtension(c.Text("source")).TrimStart('.').Replace("jpg", "jpeg").Replace("tif", "tiff")))
                continue;
            total++;
            Image image = Image.Load(Path.Combine(folder, c.Text("source")), new ImageDecoderOptions { Clip16BitGray = true, ApplyOrientation = false });
            int size = c.Int("size");
            float[] values = new float[3 * size * size];
            if (c.Text("backend") == "pil")
            {
                ImagePreprocessor.ToPixelValues(image, size, values);
                if (GoldenFiles.Sha256(MemoryMarshal.AsBytes<float>(values)) != c.Text("pixel_values_sha256"))
                    failures.Add($"{c.Text("name")}: other values");
                if (GoldenFiles.Sha256(Levels(image, size, PassOrder.HorizontalFirst)) != c.Text("u8_sha256_horizontal_first"))
                    failures.Add($"{c.Text("name")}: other levels with the horizontal pass first");
            }
            else
            {
                CompareWithTorchvision(folder, c, Levels(image, size, PassOrder.HorizontalFirst), failures);
            }
        }

        GoldenFiles.AssertNone(failures, total);
    }

    [Fact]
    public void Level_values_equal_the_reference_table()
    {
        int total = 0;
        foreach ((string folder, _) in GoldenFiles.Read("pixels").DistinctBy(c => c.Folder))
        {
            var file = new TensorFile(Path.Combine(folder, "pixels.safetensors"));
            Assert.Equal(file.Floats("lut/pil").ToArray(), PixelScaling.SigLip.LevelValues(0).ToArray());
            total++;
        }

        Assert.True(total > 0);
    }

    private static byte[] Levels(Image image, int size, PassOrder order)
    {
        Image scaled = image.ToRgb().Resize(size, size, ResampleFilter.Bicubic, order);
        byte[] planes = new byte[3 * size * size];
        for (int i = 0; i < planes.Length; i++)
            planes[i] = scaled.Pixels[(i % (size * size) * 3) + (i / (size * size))];
        return planes;
    }

    private static void CompareWithTorchvision(string folder, JsonElement c, byte[] levels, List<string> failures)
    {
        var file = new TensorFile(Path.Combine(folder, "pixels.safetensors"));
        string name = c.Text("name") + "/u8";
        if (!file.Contains(name))
            return;
        ReadOnlySpan<byte> expected = file.Bytes(name);
        int worst = 0;
        for (int i = 0; i < levels.Length; i++)
            worst = Math.Max(worst, Math.Abs(levels[i] - expected[i]));
        if (worst > TorchvisionTolerance)
            failures.Add($"{c.Text("name")}: off by {worst} levels");
    }
}
