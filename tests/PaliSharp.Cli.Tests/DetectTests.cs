using System.Text.Json;
using PaliSharp.Imaging;
using Xunit;

namespace PaliSharp.Cli.Tests;

public sealed class DetectTests
{
    private static readonly string Picture = CliRun.Picture("02.png");

    [Fact]
    public async Task Json_has_the_documented_fields_in_order()
    {
        CliRun run = await CliRun.Of("detect", Picture, "orange ring", "--json", "--model", CliRun.Nano);
        Assert.Equal(0, run.Code);
        Assert.Equal("", run.Error);
        JsonElement line = Assert.Single(run.Json);
        Assert.Equal(["image", "width", "height", "detections"], line.EnumerateObject().Select(field => field.Name).Take(4));
        Assert.Equal(Picture, line.GetProperty("image").GetString());
        Assert.Equal(256, line.GetProperty("width").GetInt32());
        Assert.Equal(256, line.GetProperty("height").GetInt32());
        Assert.False(line.GetProperty("orientation_applied").GetBoolean());
        Assert.Equal("detect orange ring", line.GetProperty("prompt").GetString());
        JsonElement found = Assert.Single(line.GetProperty("detections").EnumerateArray());
        Assert.Equal(["label", "score", "box", "box_score", "label_score"], found.EnumerateObject().Select(field => field.Name));
        Assert.Equal("orange ring", found.GetProperty("label").GetString());
        Assert.InRange(found.GetProperty("score").GetDouble(), 1e-3, 1);

        // <loc0007><loc0269><loc0543><loc0795>: top, left, bottom, right in 1023rds of 256 pixels.
        double[] expected = [269 / 1023.0 * 256, 7 / 1023.0 * 256, 795 / 1023.0 * 256, 543 / 1023.0 * 256];
        double[] box = [.. found.GetProperty("box").EnumerateArray().Select(edge => edge.GetDouble())];
        Assert.Equal(4, box.Length);
        foreach ((double want, double got) in expected.Zip(box))
            Assert.Equal(want, got, 1e-3);
    }

    [Fact]
    public async Task The_other_grid_divides_by_1024()
    {
        CliRun run = await CliRun.Of("detect", Picture, "orange ring", "--json", "--public-demo-grid", "--model", CliRun.Nano);
        Assert.Equal(269 / 1024.0 * 256, run.Json[0].GetProperty("detections")[0].GetProperty("box")[0].GetDouble(), 1e-3);
    }

    [Fact]
    public async Task Several_things_make_one_prompt()
    {
        CliRun run = await CliRun.Of("detect", "--image", Picture, "--thing", "circle", "--thing", "ring", "--json", "--model", CliRun.Nano);
        Assert.Equal("detect circle ; ring", run.Json[0].GetProperty("prompt").GetString());
    }

    [Fact]
    public async Task A_person_gets_a_table()
    {
        CliRun run = await CliRun.Of("detect", Picture, "orange ring", "--model", CliRun.Nano);
        Assert.Contains("02.png (256x256)", run.Output, StringComparison.Ordinal);
        Assert.Contains("| orange ring |", run.Output, StringComparison.Ordinal);
        Assert.Contains("67.3", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Draw_writes_boxes_on_the_picture()
    {
        using var folder = new TemporaryFolder();
        CliRun run = await CliRun.Of("detect", Picture, "orange ring", "--draw", folder["out.png"], "--model", CliRun.Nano);
        Assert.Equal(0, run.Code);
        Assert.Contains($"wrote {folder["out.png"]}", run.Output, StringComparison.Ordinal);
        Image before = Image.Load(Picture).ToRgb();
        Image after = Image.Load(folder["out.png"]);
        Assert.Equal((before.Width, before.Height), (after.Width, after.Height));
        Assert.False(before.Pixels.SequenceEqual(after.Pixels));
        Assert.True(before.Row(0)[..3].SequenceEqual(after.Row(0)[..3])); // outside of the box
        Assert.False(before.Row(70).Slice(67 * 3, 3).SequenceEqual(after.Row(70).Slice(67 * 3, 3))); // on its left edge
        Assert.Equal([folder["out.png"]], Directory.GetFiles(folder.Path)); // nothing temporary stays
    }

    [Fact]
    public async Task With_json_only_json_goes_to_standard_output()
    {
        using var folder = new TemporaryFolder();
        CliRun run = await CliRun.Of("detect", Picture, "orange ring", "--json", "--draw", folder["out.png"], "--model", CliRun.Nano);
        Assert.Single(run.Json);
        Assert.Contains("wrote", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_pictures_are_drawn_into_a_folder()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["a"]);
        File.Copy(Picture, folder["a/02.png"]);
        CliRun run = await CliRun.Of("detect", Picture, folder["a/02.png"], CliRun.Picture("05.png"), "shape", "--draw", folder["boxes/"], "--model", CliRun.Nano);
        Assert.Equal(0, run.Code);
        Assert.Equal(["02-2.png", "02.png", "05.png"], Directory.GetFiles(folder["boxes"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        run = await CliRun.Of("detect", Picture, CliRun.Picture("05.png"), "shape", "--draw", folder["{name}-boxes.png"], "--model", CliRun.Nano);
        Assert.Equal(0, run.Code);
        Assert.True(File.Exists(folder["05-boxes.png"]));
    }

    [Theory]
    [InlineData("in.png")]
    [InlineData("./in.png")]
    [InlineData("in.jpg")]
    [InlineData("nowhere/out.png")]
    public async Task Draw_refuses_what_would_go_wrong(string name)
    {
        using var folder = new TemporaryFolder();
        File.Copy(Picture, folder["in.png"]);
        byte[] before = await File.ReadAllBytesAsync(folder["in.png"]);
        CliRun run = await CliRun.Of("detect", folder["in.png"], "ring", "--draw", folder[name], "--model", CliRun.Nano);
        Assert.Equal(2, run.Code);
        Assert.Contains("--draw", run.Error, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(folder["in.png"]));
        Assert.Equal([folder["in.png"]], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public async Task Draw_does_not_follow_a_link_onto_a_picture()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Picture, folder["in.png"]);
        File.CreateSymbolicLink(folder["link.png"], folder["in.png"]);
        CliRun run = await CliRun.Of("detect", folder["link.png"], "ring", "--draw", folder["in.png"], "--model", CliRun.Nano);
        Assert.Equal(2, run.Code);
    }

    [Fact]
    public async Task One_file_for_two_pictures_is_refused()
    {
        using var folder = new TemporaryFolder();
        CliRun run = await CliRun.Of("detect", Picture, CliRun.Picture("05.png"), "ring", "--draw", folder["out.png"], "--model", CliRun.Nano);
        Assert.Equal(2, run.Code);
        Assert.Contains("{name}", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_of_detection_reach_the_model()
    {
        CliRun run = await CliRun.Of(
            "detect", Picture, "ring", "rong", "--one-by-one", "--snap-labels", "--max-overlap", "0.5", "--across-labels", "--stop-repeats", "--constrain", "--json", "--model", CliRun.Nano);
        Assert.Equal(0, run.Code);
        JsonElement found = run.Json[0].GetProperty("detections")[0];
        Assert.Equal(["label", "score", "box", "box_score", "label_score", "written_label", "label_distance"], found.EnumerateObject().Select(field => field.Name));
        Assert.Equal(0, found.GetProperty("label_distance").GetInt32());
        Assert.Equal(2, (await CliRun.Of("detect", Picture, "ring", "--across-labels", "--model", CliRun.Nano)).Code);
    }
}
