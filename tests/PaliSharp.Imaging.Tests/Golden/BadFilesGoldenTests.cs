using System.Diagnostics;
using System.Text.Json;

namespace PaliSharp.Imaging.Tests.Golden;

[Trait("Category", "Golden")]
public class BadFilesGoldenTests
{
    private const long AllowedScratch = 256L << 20;
    private static readonly TimeSpan AllowedTime = TimeSpan.FromSeconds(2);
    private static readonly ImageDecoderOptions AsStored = new() { ApplyOrientation = false, Clip16BitGray = true };

    [Fact]
    public void Every_bad_file_ends_in_a_typed_error_or_a_picture()
    {
        var failures = new List<string>();
        int total = 0;
        foreach ((string folder, JsonElement c) in GoldenFiles.Read("bad"))
        {
            string format = c.Text("format");
            if (!GoldenFiles.Formats.Contains(format) && format != "misc")
                continue;
            total++;
            Check(Path.Combine(folder, c.Text("file")), c, failures);
        }

        GoldenFiles.AssertNone(failures, total);
    }

    private static void Check(string path, JsonElement c, List<string> failures)
    {
        JsonElement reference = c.GetProperty("pillow");
        long before = GC.GetAllocatedBytesForCurrentThread();
        var clock = Stopwatch.StartNew();
        long output = 0;
        try
        {
            Image image = Image.Load(path, AsStored);
            output = image.Pixels.Length;
            ComparePixels(image, reference, c, failures);
        }
        catch (PaliSharpException exception)
        {
            if (exception.Message.Length < 20)
                failures.Add($"{c.Text("name")}: the message says too little: {exception.Message}");
        }
        catch (Exception exception)
        {
            failures.Add($"{c.Text("name")}: {exception.GetType().Name}: {exception.Message}");
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        if (allocated > AllowedScratch + output)
            failures.Add($"{c.Text("name")}: allocated {allocated >> 20} MiB for a picture of {output >> 20} MiB");

        // Every file takes milliseconds; on a busy machine one may be held up once, but not again and again.
        TimeSpan time = clock.Elapsed;
        for (int again = 0; again < 3 && time > AllowedTime; again++)
            time = Repeat(path);
        if (time > AllowedTime)
            failures.Add($"{c.Text("name")}: took {time}");
    }

    private static TimeSpan Repeat(string path)
    {
        var clock = Stopwatch.StartNew();
        _ = Record.Exception(() => Image.Load(path, AsStored));
        return clock.Elapsed;
    }

    private static void ComparePixels(Image image, JsonElement reference, JsonElement c, List<string> failures)
    {
        if (image.Metadata.IsDamaged)
            return;
        if (reference.Text("outcome") != "ok")
        {
            // Complete pictures that the reference refuses are fine; pictures with missing parts must be marked.
            if (reference.GetProperty("message").GetString()!.Contains("truncated", StringComparison.Ordinal))
                failures.Add($"{c.Text("name")}: a truncated file was decoded without being marked as damaged");
            return;
        }

        // Errors in entropy-coded data: any picture is as good as another.
        string what = c.Text("what");
        bool flipped = c.Text("format") is "jpeg" && (what.Contains("flipped") || what.Contains("random") || what.Contains("Huffman"));
        if (!flipped && GoldenFiles.Sha256(image.ToRgb().Pixels) != reference.Text("rgb_sha256"))
            failures.Add($"{c.Text("name")}: other pixels than the reference ({c.Text("what")})");
    }
}
