using System.Text.Json;
using PaliSharp.Imaging;
using Xunit;

namespace PaliSharp.Cli.Tests;

/// <summary>Verbs of single tasks: that options reach the model, and what people see.</summary>
public sealed class TaskVerbTests
{
    private static readonly string Picture = CliRun.Picture("02.png");

    [Theory]
    [InlineData("region --box 0,0,256,256", "caption <loc0000><loc0000><loc1023><loc1023>")]
    [InlineData("generate-question --answer orange --language de", "question de orange")]
    [InlineData("ask -q what? --bare", "what?")]
    [InlineData("ask -q what? --language fr", "answer fr what?")]
    [InlineData("table --max-tokens 4", "table")]
    [InlineData("table --max-tokens 4 --prompt rows", "rows")]
    [InlineData("smiles --max-tokens 4", "molecule")]
    [InlineData("music --max-tokens 4 --prompt notes", "notes")]
    [InlineData("text-detect", "detect text")]
    public async Task Options_make_the_prompt(string line, string prompt)
    {
        CliRun run = await CliRun.Of([.. line.Split(' '), Picture, "--json", "--model", CliRun.Nano]);
        Assert.Equal(0, run.Code);
        Assert.Equal(prompt, run.Json[0].GetProperty("prompt").GetString());
    }

    [Fact]
    public async Task An_answer_can_be_held_to_a_kind_a_pattern_or_a_schema()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["s.json"], """{"enum": ["circle", "ring"]}""");
        string[] ask = ["ask", Picture, "-q", "what shape is there?", "--model", CliRun.Nano];
        Assert.Matches("^[0-9]+\n$", (await CliRun.Of([.. ask, "--kind", "count"])).Output);
        Assert.Matches("^(yes|no)\n$", (await CliRun.Of([.. ask, "--kind", "yes-no"])).Output);
        Assert.Matches("^[x-z]{3}\n$", (await CliRun.Of([.. ask, "--pattern", "[x-z]{3}"])).Output);
        CliRun json = await CliRun.Of([.. ask, "--schema", folder["s.json"], "--json"]);
        Assert.Contains(json.Json[0].GetProperty("value").GetString(), (string[])["circle", "ring"]);
        Assert.Equal(2, (await CliRun.Of([.. ask, "--schema", folder["s.json"], "--pattern", "a"])).Code);
        Assert.Equal(2, (await CliRun.Of([.. ask, "--kind", "count", "--pattern", "a"])).Code);
        Assert.Equal(1, (await CliRun.Of([.. ask, "--pattern", "("])).Code);
    }

    [Fact]
    public async Task A_choice_is_one_of_the_options()
    {
        string[] ask = ["science", Picture, "-q", "what color is the ring?", "--option", "blue", "--option", "orange", "--model", CliRun.Nano];
        CliRun scored = await CliRun.Of([.. ask, "--score", "--form", "choose", "--json"]);
        Assert.Equal(2, scored.Json[0].GetProperty("scores").GetArrayLength());
        CliRun written = await CliRun.Of(ask);
        Assert.Contains(written.Output, (string[])["blue\n", "orange\n"]);
        Assert.Equal(2, (await CliRun.Of("science", Picture, "-q", "x", "--option", "one", "--model", CliRun.Nano)).Code);
    }

    [Fact]
    public async Task Pictures_and_texts_are_ranked()
    {
        string[] pictures = [CliRun.Picture("06.png"), Picture];
        CliRun run = await CliRun.Of(["match", .. pictures, "--text", "an orange ring on a pink background", "--json", "--model", CliRun.Nano]);
        Assert.Equal(0, run.Code);
        Assert.Equal([Picture, pictures[0]], run.Json[0].GetProperty("pictures").EnumerateArray().Select(item => item.GetProperty("image").GetString()!));
        run = await CliRun.Of("match", Picture, "--text", "a blue star", "--text", "an orange ring on a pink background", "--top", "1", "--model", CliRun.Nano);
        Assert.Contains("| an orange ring on a pink background |", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("blue star", run.Output, StringComparison.Ordinal);
        Assert.Equal(2, (await CliRun.Of("match", Picture, "--model", CliRun.Nano)).Code);
    }

    [Fact]
    public async Task Frames_of_a_clip_go_into_one_prompt()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Picture, folder["frame2.png"]);
        File.Copy(CliRun.Picture("06.png"), folder["frame10.png"]);
        CliRun clip = await CliRun.Of("caption", folder.Path, "--frames", "2", "--json", "--model", CliRun.Nano);
        CliRun together = await CliRun.Of("caption", folder["frame2.png"], folder["frame10.png"], "--together", "--json", "--model", CliRun.Nano);
        Assert.Equal(together.Json[0].GetProperty("tokens").ToString(), clip.Json[0].GetProperty("tokens").ToString());
        Assert.Equal(128, clip.Json[0].GetProperty("usage").GetProperty("image_tokens").GetInt32());
        Assert.Equal(2, (await CliRun.Of("caption", Picture, Picture, "--frames", "2", "--model", CliRun.Nano)).Code);
        Assert.Equal(1, (await CliRun.Of("caption", folder["none.gif"], "--frames", "2", "--model", CliRun.Nano)).Code);
    }

    [Fact]
    public async Task Text_is_found_drawn_and_exported()
    {
        using var folder = new TemporaryFolder();
        string sign = Path.Combine(CliRun.Nano, "..", "..", "samples", "open-sign.png");
        CliRun run = await CliRun.Of("text-detect", sign, "--draw", folder["out.png"], "--export", $"csv:{folder["out.csv"]}", "--read", "false", "--json", "--model", CliRun.Nano);
        Assert.Equal(0, run.Code);
        JsonElement region = run.Json[0].GetProperty("regions")[0];
        Assert.Equal("text", region.GetProperty("text").GetString());
        Assert.False(Image.Load(sign).ToRgb().Pixels.SequenceEqual(Image.Load(folder["out.png"]).Pixels));
        Assert.Equal(1 + run.Json[0].GetProperty("regions").GetArrayLength(), (await File.ReadAllLinesAsync(folder["out.csv"])).Length);
    }

    [Fact]
    public async Task Objects_of_several_pictures_are_exported_together()
    {
        using var folder = new TemporaryFolder();
        CliRun run = await CliRun.Of(
            "detect", Picture, CliRun.Picture("06.png"), "ring", "--export", $"coco:{folder["coco.json"]}", "--export", $"yolo:{folder["yolo"]}", "--export", $"voc:{folder["voc"]}", "--model", CliRun.Nano);
        Assert.Equal(0, run.Code);
        Assert.Contains($"wrote {folder["coco.json"]}", run.Output, StringComparison.Ordinal);
        using JsonDocument coco = JsonDocument.Parse(await File.ReadAllBytesAsync(folder["coco.json"]));
        Assert.Equal(2, coco.RootElement.GetProperty("images").GetArrayLength());
        Assert.Equal("ring", coco.RootElement.GetProperty("categories")[0].GetProperty("name").GetString());
        Assert.Equal(2, Directory.GetFiles(folder["voc"]).Length);
        Assert.Equal("ring", (await File.ReadAllLinesAsync(folder["yolo/classes.txt"]))[0]);
    }

    [Theory]
    [InlineData("detect a.png x --export coco")]
    [InlineData("detect a.png x --export coco:")]
    [InlineData("detect a.png x --export dota:out")]
    [InlineData("detect a.png x --export coco:nowhere/out.json")]
    [InlineData("detect a.png x --tile-overlap 0.2")]
    [InlineData("detect a.png x --stop-repeats --beams 2")]
    [InlineData("region a.png --box 1,2,3")]
    [InlineData("region a.png --box 5,5,5,9")]
    [InlineData("caption a.png --language klingon")]
    [InlineData("generate-question a.png --answer \u0020")]
    [InlineData("ask a.png -q x --repetition-guard --beams 2")]
    [InlineData("batch a.png -o o.csv --task detect --what x --stop-repeats --beams 2")]
    [InlineData("batch a.png -o o.csv --task ocr --timings")]
    [InlineData("batch a.png -o o.csv --task ask --language de")]
    [InlineData("batch a.png -o o.csv --task caption --what x")]
    [InlineData("batch a.png -o o.csv --task ocr --export coco:c.json")]
    public async Task Wrong_usage_is_told(string line)
    {
        CliRun run = await CliRun.Of([.. line.Split(' '), "--model", CliRun.Nano]);
        Assert.Equal(2, run.Code);
        Assert.NotEqual("", run.Error);
        Assert.Equal("", run.Output);
    }

    [Fact]
    public async Task A_bad_picture_among_others_fails_alone()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["broken.png"], "no picture");
        CliRun run = await CliRun.Of("ocr", Picture, folder["broken.png"], Picture, "--json", "--model", CliRun.Nano);
        Assert.Equal(1, run.Code);
        Assert.Equal(2, run.Json.Length);
        Assert.Contains("broken.png: ", run.Error, StringComparison.Ordinal);
    }
}
