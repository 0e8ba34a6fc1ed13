using System.Text.Json;
using PaliSharp.Imaging;
using PaliSharp.Segmentation;
using Xunit;

namespace PaliSharp.Cli.Tests;

public sealed class SegmentTests
{
    private static readonly string Picture = CliRun.Picture("02.png");

    [Fact]
    public async Task Json_has_the_documented_fields_and_the_files_hold_the_masks()
    {
        using var folder = new TemporaryFolder();
        CliRun run = await CliRun.Of("segment", Picture, "orange ring", "--json", "--masks", folder["masks"], "--draw", folder["out.png"], "--model", CliRun.Nano);
        Assert.Equal(0, run.Code);
        JsonElement line = Assert.Single(run.Json);
        Assert.Equal(
            ["image", "width", "height", "segments", "orientation_applied", "prompt", "text", "logprob", "finish_reason", "warnings", "usage", "schema_version"],
            line.EnumerateObject().Select(field => field.Name));
        Assert.Equal("segment orange ring", line.GetProperty("prompt").GetString());
        JsonElement found = Assert.Single(line.GetProperty("segments").EnumerateArray());
        Assert.Equal(["label", "score", "box", "area", "mask", "mask_file"], found.EnumerateObject().Select(field => field.Name));

        // <loc0007><loc0269><loc0547><loc0776>
        double[] expected = [269 / 1023.0 * 256, 7 / 1023.0 * 256, 776 / 1023.0 * 256, 547 / 1023.0 * 256];
        Assert.Equal(expected, found.GetProperty("box").EnumerateArray().Select(edge => edge.GetDouble()), (left, right) => Math.Abs(left - right) < 1e-3);
        Assert.Equal([256, 256], found.GetProperty("mask").GetProperty("size").EnumerateArray().Select(side => side.GetInt32()));
        Mask mask = RunLengths.Parse(256, 256, found.GetProperty("mask").GetProperty("counts").GetString()!).ToMask();
        Assert.Equal(found.GetProperty("area").GetInt32(), mask.Area);
        Assert.Equal(folder["masks/02-1.png"], found.GetProperty("mask_file").GetString());
        Assert.Equal(mask.ToPixels(), Mask.FromImage(Image.Load(folder["masks/02-1.png"])).ToPixels());

        Image before = Image.Load(Picture).ToRgb();
        Image after = Image.Load(folder["out.png"]);
        Assert.True(before.Row(250).SequenceEqual(after.Row(250)), "Below the box nothing changes.");
        int changed = Enumerable.Range(0, 256 * 256).Count(i => !before.Pixels.Slice(3 * i, 3).SequenceEqual(after.Pixels.Slice(3 * i, 3)));
        Assert.InRange(changed, mask.Area, mask.Area + 3000);
    }

    [Fact]
    public async Task A_person_gets_a_table_and_other_readings_and_codecs_can_be_named()
    {
        CliRun run = await CliRun.Of(
            "segment", Picture, "orange ring", "--public-demo", "--codec", Path.Combine(CliRun.Nano, "mask_codec.npz"), "--model", CliRun.Nano);
        Assert.Equal(0, run.Code);
        Assert.Contains("| orange ring |", run.Output, StringComparison.Ordinal);
        Assert.Contains("mask pixels", run.Output, StringComparison.Ordinal);
        Assert.Contains("194.0", run.Output, StringComparison.Ordinal); // 776/1024 of 256
        run = await CliRun.Of("segment", Picture, "orange ring", "--codec", "no.npz", "--model", CliRun.Nano);
        Assert.Equal(1, run.Code);
        Assert.Contains("no.npz", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_would_go_wrong_is_refused()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Picture, folder["a.png"]);
        Assert.Equal(2, (await CliRun.Of("segment", folder["a.png"], "ring", "--masks", folder["a.png"], "--model", CliRun.Nano)).Code);
        CliRun run = await CliRun.Of("segment", folder["a.png"], "--model", CliRun.Nano);
        Assert.Equal(2, run.Code);
        Assert.Contains("palisharp segment", run.Error, StringComparison.Ordinal);
        File.Copy(Picture, folder["a-1.png"]);
        run = await CliRun.Of("segment", folder["a.png"], folder["a-1.png"], "orange ring", "--masks", folder.Path, "--model", CliRun.Nano);
        Assert.Equal(2, run.Code);
        Assert.Contains("overwritten", run.Error, StringComparison.Ordinal);
    }
}
