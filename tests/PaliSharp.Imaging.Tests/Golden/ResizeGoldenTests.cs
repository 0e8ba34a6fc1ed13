using System.Runtime.InteropServices;
using System.Text.Json;
using PaliSharp.Imaging.Resampling;

namespace PaliSharp.Imaging.Tests.Golden;

[Trait("Category", "Golden")]
public class ResizeGoldenTests
{
    private readonly Dictionary<string, Image> _pictures = [];
    private readonly Dictionary<string, TensorFile> _tensors = [];

    [Fact]
    public void Every_resize_equals_the_reference()
    {
        var failures = new List<string>();
        int total = 0;
        foreach ((string folder, JsonElement c) in GoldenFiles.Read("resize"))
        {
            total++;
            ResampleFilter filter = Enum.Parse<ResampleFilter>(c.Text("filter"), ignoreCase: true);
            if (c.Text("mode") == "F")
                CheckFloat(folder, c, filter, failures);
            else
                CheckBytes(folder, c, filter, failures);
        }

        GoldenFiles.AssertNone(failures, total);
    }

    private void CheckBytes(string folder, JsonElement c, ResampleFilter filter, List<string> failures)
    {
        (byte[] source, int width, int height, int channels) = Source(folder, c);
        int toWidth = c.Int("width");
        int toHeight = c.Int("height");
        CropBox box = new(0, 0, width, height);
        if (c.TryGetProperty("box", out JsonElement b) && b.ValueKind == JsonValueKind.Array)
            box = new CropBox(b[0].GetDouble(), b[1].GetDouble(), b[2].GetDouble(), b[3].GetDouble());
        byte[] target = new byte[toWidth * toHeight * channels];
        Resampler.Resize(source, width, height, channels, target, toWidth, toHeight, filter, box);
        if (GoldenFiles.Sha256(target) != c.Text("sha256"))
            failures.Add($"{c.Text("name")}: other samples");
        if (!c.TryGetProperty("sha256_horizontal_first", out JsonElement older))
            return;
        Resampler.Resize(source, width, height, channels, target, toWidth, toHeight, filter, box, PassOrder.HorizontalFirst);
        if (GoldenFiles.Sha256(target) != older.GetString())
            failures.Add($"{c.Text("name")}: other samples with the horizontal pass first");
    }

    private void CheckFloat(string folder, JsonElement c, ResampleFilter filter, List<string> failures)
    {
        TensorFile file = Tensors(folder);
        string name = c.Text("source");
        int[] shape = file.Shape(name);
        float[] target = new float[c.Int("width") * c.Int("height")];
        Resampler.Resize(
            file.Floats(name), shape[1], shape[0], target, c.Int("width"), c.Int("height"), filter, new CropBox(0, 0, shape[1], shape[0]));
        int positive = target.Count(v => v > 0);
        if (c.TryGetProperty("positive_pixels", out JsonElement expectedPositive) && Math.Abs(positive - expectedPositive.GetInt32()) > 2)
            failures.Add($"{c.Text("name")}: {positive} positive samples, expected {expectedPositive}");
        if (file.Contains(c.Text("name")))
        {
            ReadOnlySpan<float> expected = file.Floats(c.Text("name"));
            double worst = 0;
            for (int i = 0; i < target.Length; i++)
                worst = Math.Max(worst, Math.Abs(target[i] - expected[i]));
            if (!(worst <= 1e-6))
                failures.Add($"{c.Text("name")}: off by {worst}");
        }
    }

    private (byte[] Pixels, int Width, int Height, int Channels) Source(string folder, JsonElement c)
    {
        string source = c.Text("source");
        if (source.StartsWith("mask-", StringComparison.Ordinal))
        {
            int[] shape = Tensors(folder).Shape(source);
            return (Tensors(folder).Bytes(source).ToArray(), shape[1], shape[0], 1);
        }

        if (c.Text("mode").StartsWith('L'))
        {
            string gray = $"l-source/{Path.GetFileNameWithoutExtension(source)}";
            int[] shape = Tensors(folder).Shape(gray);
            return (Tensors(folder).Bytes(gray).ToArray(), shape[1], shape[0], 1);
        }

        string path = Path.Combine(folder, source);
        if (!_pictures.TryGetValue(path, out Image? image))
            _pictures[path] = image = Image.Load(path).ToRgb();
        return (MemoryMarshal.AsBytes(image.Pixels).ToArray(), image.Width, image.Height, 3);
    }

    private TensorFile Tensors(string folder)
    {
        if (!_tensors.TryGetValue(folder, out TensorFile? file))
            _tensors[folder] = file = new TensorFile(Path.Combine(folder, "pillow.safetensors"));
        return file;
    }
}
