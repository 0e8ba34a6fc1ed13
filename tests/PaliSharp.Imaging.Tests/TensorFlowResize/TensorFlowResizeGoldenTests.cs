using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using PaliSharp.Imaging.Resampling;
using PaliSharp.Imaging.Tests.Golden;
using PaliSharp.TestSupport;

namespace PaliSharp.Imaging.Tests.TensorFlowResize;

[Trait("Category", "Golden")]
public partial class TensorFlowResizeGoldenTests
{
    private const double FloatTolerance = 1e-3;
    private const double RelativeTolerance = 1e-6;

    private readonly Dictionary<string, Image> _pictures = [];
    private readonly Dictionary<string, TensorFile> _tensors = [];

    [Fact]
    public void Every_resize_agrees_with_TensorFlow()
    {
        var failures = new List<string>();
        int total = 0;
        foreach ((string folder, JsonElement c) in GoldenFiles.Read("resize", "tf_cases.json"))
        {
            total++;
            float[] actual = c.Text("source").StartsWith("mask-", StringComparison.Ordinal) ? ResizeMask(folder, c) : ResizePicture(folder, c);
            CheckFloats(folder, c, actual, failures);
            if (c.TryGetProperty("u8_sha256", out _))
                CheckLevels(folder, c, failures);
        }

        GoldenFiles.AssertNone(failures, total);
    }

    [Fact]
    public void Level_values_equal_the_reference_table()
    {
        int total = 0;
        foreach ((string folder, _) in GoldenFiles.Read("resize", "tf_cases.json").DistinctBy(c => c.Folder))
        {
            TensorFile file = Tensors(folder, "tf.safetensors");
            string name = file.Names.Single(n => n.Contains("value_range_lut", StringComparison.Ordinal));
            Assert.Equal(file.Floats(name).ToArray(), TensorFlowPreprocessor.LevelValues.ToArray());
            total++;
        }

        GoldenData.RequireCases(GoldenFiles.Topic, GoldenData.Topic(GoldenFiles.Topic));
        Assert.True(total > 0);
    }

    private static bool Antialias(JsonElement c) => c.GetProperty("antialias").GetBoolean();

    private static TensorFlowMethod Method(JsonElement c) => Enum.Parse<TensorFlowMethod>(c.Text("method"), ignoreCase: true);

    private float[] ResizePicture(string folder, JsonElement c)
    {
        Image image = Picture(folder, c);
        float[] target = new float[c.Int("width") * c.Int("height") * 3];
        TensorFlowResizer.Resize(image.Pixels, image.Width, image.Height, 3, target, c.Int("width"), c.Int("height"), Method(c), Antialias(c));
        return target;
    }

    private float[] ResizeMask(string folder, JsonElement c)
    {
        Match rule = MaskRule().Match(c.Text("source"));
        Assert.True(rule.Success, $"{c.Text("name")}: the rule '{c.Text("source")}' is not understood.");
        TensorFile file = Tensors(folder, "pillow.safetensors");
        string name = rule.Groups["name"].Value;
        int width = int.Parse(rule.Groups["columns"].Value);
        int height = int.Parse(rule.Groups["rows"].Value);
        ReadOnlySpan<float> mask = file.Floats(name);
        float[] source = new float[width * height];
        for (int i = 0; i < source.Length; i++)
            source[i] = mask[(i / width * file.Shape(name)[1]) + (i % width)] > 0 ? 255 : 0;
        float[] target = new float[c.Int("width") * c.Int("height")];
        TensorFlowResizer.Resize(source, width, height, 1, target, c.Int("width"), c.Int("height"), Method(c), Antialias(c));
        for (int i = 0; i < target.Length; i++)
            target[i] /= 255;
        return target;
    }

    private void CheckFloats(string folder, JsonElement c, float[] actual, List<string> failures)
    {
        if (c.TryGetProperty("float_mean", out JsonElement mean))
        {
            double average = actual.Average(v => (double)v);
            double deviation = Math.Sqrt(actual.Average(v => (v - average) * (v - average)));
            if (Math.Abs(average - mean.GetDouble()) > FloatTolerance || Math.Abs(deviation - c.GetProperty("float_std").GetDouble()) > FloatTolerance)
                failures.Add($"{c.Text("name")}: mean {average}, deviation {deviation}");
        }

        if (!c.GetProperty("raw").EnumerateArray().Any(raw => raw.GetString() == "float"))
            return;
        TensorFile file = Tensors(folder, "tf.safetensors");
        string name = file.Contains(c.Text("name")) ? c.Text("name") : c.Text("name") + "/float";
        ReadOnlySpan<float> expected = file.Floats(name);
        if (expected.Length != actual.Length)
        {
            failures.Add($"{c.Text("name")}: {actual.Length} values, expected {expected.Length}");
            return;
        }

        double worst = 0;
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < actual.Length; i++)
        {
            double delta = actual[i] - (double)expected[i];
            worst = Math.Max(worst, Math.Abs(delta));
            difference += delta * delta;
            norm += (double)expected[i] * expected[i];
        }

        if (!(worst <= FloatTolerance) || !(difference <= RelativeTolerance * RelativeTolerance * Math.Max(norm, 1e-6)))
            failures.Add($"{c.Text("name")}: off by {worst:E2}, relative {Math.Sqrt(difference / norm):E2}");
    }

    private void CheckLevels(string folder, JsonElement c, List<string> failures)
    {
        byte[] levels = TensorFlowPreprocessor.Resize(Picture(folder, c), c.Int("width"), c.Int("height"), Antialias(c), Method(c)).Pixels.ToArray();
        if (GoldenFiles.Sha256(levels) == c.Text("u8_sha256"))
        {
            float[] range = Array.ConvertAll(levels, level => TensorFlowPreprocessor.LevelValues[level]);
            if (GoldenFiles.Sha256(MemoryMarshal.AsBytes<float>(range)) != c.Text("range_sha256"))
                failures.Add($"{c.Text("name")}: other values");
            return;
        }

        int allowed = c.Int("near_integer");
        string name = c.Text("name") + "/u8";
        TensorFile file = Tensors(folder, "tf.safetensors");
        if (!file.Contains(name))
        {
            if (allowed == 0)
                failures.Add($"{c.Text("name")}: other levels");
            return;
        }

        ReadOnlySpan<byte> expected = file.Bytes(name);
        int different = 0;
        int worst = 0;
        for (int i = 0; i < levels.Length; i++)
        {
            int delta = Math.Abs(levels[i] - expected[i]);
            different += delta > 0 ? 1 : 0;
            worst = Math.Max(worst, delta);
        }

        if (worst > 1 || different > allowed)
            failures.Add($"{c.Text("name")}: {different} levels differ by up to {worst}; {allowed} may by 1");
    }

    private Image Picture(string folder, JsonElement c)
    {
        string path = Path.Combine(folder, c.Text("source"));
        if (!_pictures.TryGetValue(path, out Image? image))
            _pictures[path] = image = Image.Load(path).ToRgb();
        return image;
    }

    private TensorFile Tensors(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        if (!_tensors.TryGetValue(path, out TensorFile? file))
            _tensors[path] = file = new TensorFile(path);
        return file;
    }

    [GeneratedRegex("^(?<name>mask-f/[^ ]+) > 0, times 255, first (?<rows>[0-9]+) rows and (?<columns>[0-9]+) columns$", RegexOptions.None, 1000)]
    private static partial Regex MaskRule();
}
