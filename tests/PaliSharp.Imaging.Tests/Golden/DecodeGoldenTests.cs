using System.Text.Json;

namespace PaliSharp.Imaging.Tests.Golden;

[Trait("Category", "Golden")]
public class DecodeGoldenTests
{
    private static readonly ImageDecoderOptions AsStored = new() { ApplyOrientation = false };

    [Fact]
    public void Stored_pixels_equal_the_reference() => Check((folder, c, failures) =>
    {
        Image image = Image.Load(Path.Combine(folder, c.Text("file")), AsStored);
        ExpectSize(c, image, failures);
        string expected = c.TryGetProperty("rgb_16to8_sha256", out JsonElement scaled) ? scaled.GetString()! : c.Text("rgb_sha256");
        if (GoldenFiles.Sha256(image.ToRgb().Pixels) != expected && !IsWithinSmoothingTolerance(folder, c, image))
            failures.Add($"{c.Text("name")}: other pixels ({c.Text("how")})");
    });

    [Fact]
    public void Clipped_16_bit_gray_equals_the_reference() => Check((folder, c, failures) =>
    {
        Image image = Image.Load(Path.Combine(folder, c.Text("file")), AsStored with { Clip16BitGray = true });
        if (c.HasTag("pillow-clips-16bit") && GoldenFiles.Sha256(image.ToRgb().Pixels) != c.Text("rgb_sha256"))
            failures.Add($"{c.Text("name")}: other pixels");
    });

    [Fact]
    public void Alpha_equals_the_reference() => Check((folder, c, failures) =>
    {
        // The reference compares transparency keys unscaled with scaled samples in the tagged files, and so misses them.
        if (!c.TryGetProperty("rgba_sha256", out JsonElement expected) || c.HasTag("pillow-trns-unscaled") || c.HasTag("pillow-clips-16bit"))
            return;
        Image image = Image.Load(Path.Combine(folder, c.Text("file")), AsStored);
        if (!image.HasAlpha)
            failures.Add($"{c.Text("name")}: no alpha");
        else if (GoldenFiles.Sha256(image.Pixels) != expected.GetString())
            failures.Add($"{c.Text("name")}: other pixels or alpha ({c.Text("how")})");
    });

    [Fact]
    public void Upright_pixels_equal_the_reference() => Check((folder, c, failures) =>
    {
        Image image = Image.Load(Path.Combine(folder, c.Text("file")), new ImageDecoderOptions { Clip16BitGray = true });
        JsonElement upright = c.GetProperty("transposed");
        ExpectSize(upright, image, failures, c.Text("name"));
        if (GoldenFiles.Sha256(image.ToRgb().Pixels) != upright.Text("rgb_sha256") && !c.HasTag("block-smoothing"))
            failures.Add($"{c.Text("name")}: other pixels, orientation {image.Metadata.Orientation}");
        if (!image.Metadata.OrientationApplied)
            failures.Add($"{c.Text("name")}: orientation not marked as applied");
    });

    [Fact]
    public void Identify_reports_what_decoding_reports() => Check((folder, c, failures) =>
    {
        string path = Path.Combine(folder, c.Text("file"));
        ImageInfo info = Image.Identify(path);
        Image image = Image.Load(path, AsStored);
        ImageMetadata metadata = image.Metadata;
        if (info != new ImageInfo(metadata.Format, metadata.OriginalWidth, metadata.OriginalHeight, metadata.Orientation)
            || (metadata.OrientationApplied ? info.UprightWidth : info.Width) != image.Width)
            failures.Add($"{c.Text("name")}: {info}");
        if (!string.Equals(info.Format.ToString(), c.Text("format"), StringComparison.OrdinalIgnoreCase))
            failures.Add($"{c.Text("name")}: format {info.Format}");
        int icc = c.GetProperty("icc").ValueKind == JsonValueKind.Null ? 0 : c.Int("icc");
        if (image.Metadata.IccProfile.Length != icc)
            failures.Add($"{c.Text("name")}: ICC profile of {image.Metadata.IccProfile.Length} bytes, expected {icc}");
    });

    [Fact]
    public void Frames_equal_the_reference() => Check((folder, c, failures) =>
    {
        // Of animated PNG only the default picture is decoded.
        if (!c.TryGetProperty("frames", out JsonElement frames) || c.Text("format") == "png")
            return;
        int index = 0;
        foreach (ImageFrame frame in Image.DecodeFrames(File.ReadAllBytes(Path.Combine(folder, c.Text("file"))), AsStored))
        {
            if (index >= frames.GetArrayLength())
                break;
            JsonElement expected = frames[index];
            string name = $"{c.Text("name")} frame {index++}";
            ExpectSize(expected, frame.Image, failures, name);
            if (GoldenFiles.Sha256(frame.Image.ToRgb().Pixels) != expected.Text("rgb_sha256"))
                failures.Add($"{name}: other pixels");
            if (frame.Image.HasAlpha && GoldenFiles.Sha256(frame.Image.Pixels) != expected.Text("rgba_sha256"))
                failures.Add($"{name}: other alpha");
            double duration = expected.TryGetProperty("duration", out JsonElement d) && d.ValueKind == JsonValueKind.Number ? d.GetDouble() : 0;
            if (Math.Abs(frame.Duration.TotalMilliseconds - duration) > 0.5)
                failures.Add($"{name}: {frame.Duration.TotalMilliseconds} ms, expected {duration}");
        }

        if (index != frames.GetArrayLength())
            failures.Add($"{c.Text("name")}: {index} frames, expected {frames.GetArrayLength()}");
    });

    [Fact]
    public void Unsupported_kinds_are_refused_with_a_reason()
    {
        var failures = new List<string>();
        int total = 0;
        foreach ((string folder, JsonElement c) in GoldenFiles.Read("decode").Where(c => GoldenFiles.Formats.Contains(c.Case.Text("format")) && IsRefused(c.Case)))
        {
            total++;
            Exception? exception = Record.Exception(() => Image.Load(Path.Combine(folder, c.Text("file"))));
            if (exception is not ImageFormatException)
                failures.Add($"{c.Text("name")}: {exception?.GetType().Name ?? "decoded"}");
        }

        Assert.True(failures.Count == 0, $"{failures.Count} of {total}: {string.Join(", ", failures)}");
    }

    private static void Check(Action<string, JsonElement, List<string>> check)
    {
        var failures = new List<string>();
        int total = 0;
        foreach ((string folder, JsonElement c) in GoldenFiles.Read("decode"))
        {
            if (!GoldenFiles.Formats.Contains(c.Text("format")) || IsRefused(c))
                continue;
            total++;
            try
            {
                check(folder, c, failures);
            }
            catch (PaliSharpException exception)
            {
                failures.Add($"{c.Text("name")}: {exception.Message}");
            }
        }

        GoldenFiles.AssertNone(failures, total);
    }

    /// <summary>What decoders may refuse, and these do.</summary>
    private static bool IsRefused(JsonElement c) =>
        c.HasTag("arithmetic") || c.HasTag("lossless") && c.Text("format") == "jpeg" || c.Text("mode") == "F";

    private static void ExpectSize(JsonElement c, Image image, List<string> failures, string? name = null)
    {
        if (image.Width != c.Int("width") || image.Height != c.Int("height"))
            failures.Add($"{name ?? c.Text("name")}: {image.Width}x{image.Height}, expected {c.Int("width")}x{c.Int("height")}");
    }

    /// <summary>Versions of the reference differ by up to 4 levels in progressive files that never send all bits.</summary>
    private static bool IsWithinSmoothingTolerance(string folder, JsonElement c, Image image)
    {
        if (!c.HasTag("block-smoothing"))
            return false;
        var pixels = new TensorFile(Path.Combine(folder, "pixels.safetensors"));
        if (!pixels.Contains(c.Text("name")))
            return true;
        ReadOnlySpan<byte> expected = pixels.Bytes(c.Text("name"));
        for (int i = 0; i < expected.Length; i++)
        {
            if (Math.Abs(expected[i] - image.Pixels[i]) > 4)
                return false;
        }

        return true;
    }
}
