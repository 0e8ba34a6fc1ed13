using System.Text.Json;
using PaliSharp.Segmentation;
using Xunit;

namespace PaliSharp.Cli.Tests;

public sealed class DatasetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public DatasetTests()
    {
        File.Copy(CliRun.Picture("02.png"), _folder["a.png"]);
        File.WriteAllText(_folder["a.jsonl"], """
            {"image": "a.png", "prefix": "caption en", "suffix": "an orange ring"}
            {"image": "a.png", "prefix": "answer en what is it?", "suffix": "a ring"}
            {"image": "gone.png", "prefix": "caption en", "suffix": "nothing"}
            """);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_data_set_is_converted_and_counted()
    {
        CliRun run = await CliRun.Of("dataset", "convert", _folder["a.jsonl"], "--to", "coco", "--output", _folder["coco"], "--json");
        Assert.Equal(0, run.Code);
        JsonElement line = Assert.Single(run.Json);
        Assert.Equal((3, 1, 1), (line.GetProperty("items").GetInt64(), line.GetProperty("written").GetInt64(), line.GetProperty("left_out").GetInt64()));
        Assert.Equal(1, line.GetProperty("skipped").GetProperty("missing_picture").GetInt64());
        Assert.Contains("gone.png", run.Error, StringComparison.Ordinal);
        string file = Assert.Single(line.GetProperty("files").EnumerateArray()).GetString()!;
        Assert.Equal(_folder["coco/captions.json"], file);

        CliRun back = await CliRun.Of("dataset", "convert", file, "--from", "coco-captions", "--to", "csv", "--output", _folder["csv"], "--prefix", "describe en");
        Assert.Equal(0, back.Code);
        Assert.Contains("1 examples written", back.Output, StringComparison.Ordinal);
        Assert.Equal("image,prefix,suffix\n../a.png,describe en,an orange ring\n", await File.ReadAllTextAsync(_folder["csv/examples.csv"]));
    }

    [Fact]
    public async Task A_check_says_what_would_be_skipped()
    {
        CliRun bad = await CliRun.Of("dataset", "check", _folder["a.jsonl"]);
        Assert.Equal(1, bad.Code);
        Assert.Contains("2 of 3 items usable", bad.Output, StringComparison.Ordinal);
        Assert.Contains("skipped 1: 1 without their picture", bad.Error, StringComparison.Ordinal);
        await File.WriteAllTextAsync(_folder["good.jsonl"], """{"image": "a.png", "prefix": "caption en", "suffix": "an orange ring"}""");
        await File.WriteAllTextAsync(_folder["mixture.json"], """{"version": 1, "sources": [{"path": "good.jsonl", "name": "good"}]}""");
        CliRun good = await CliRun.Of("dataset", "check", _folder["mixture.json"], "--json");
        Assert.Equal(0, good.Code);
        Assert.Equal("good", Assert.Single(good.Json).GetProperty("source").GetString());
    }

    [Fact]
    public async Task Wrong_usage_and_bad_data_are_said()
    {
        Assert.Equal(2, (await CliRun.Of("dataset", "convert", _folder["a.jsonl"], "--to", "xml", "--output", _folder["x"])).Code);
        Assert.Equal(2, (await CliRun.Of("dataset", "convert", _folder["a.jsonl"], "--to", "csv")).Code);
        Assert.Equal(1, (await CliRun.Of("dataset", "convert", _folder["none.jsonl"], "--to", "csv", "--output", _folder["x"])).Code);
        Assert.Equal(1, (await CliRun.Of("dataset", "convert", _folder["a.jsonl"], "--to", "csv", "--output", _folder.Path)).Code);
        Assert.Equal(1, (await CliRun.Of("dataset", "check", _folder["none.json"])).Code);
    }

    [Fact]
    public async Task A_codec_is_trained_and_read()
    {
        Directory.CreateDirectory(_folder["masks"]);
        for (int i = 0; i < 9; i++)
        {
            var pixels = new bool[40 * 40];
            for (int j = 0; j < pixels.Length; j++)
                pixels[j] = (j % 40) + (i * (j / 40)) is > 10 and < 60;
            Mask.FromPixels(40, 40, pixels).SavePng(_folder[$"masks/{i}.png"]);
        }

        CliRun run = await CliRun.Of("train-codec", _folder["masks"], "--out", _folder["codec.npz"], "--steps", "2", "--batch", "8", "--evaluation-masks", _folder["masks"], "--json");
        Assert.Equal(0, run.Code);
        Assert.InRange(Assert.Single(run.Json).GetProperty("mean_iou").GetDouble(), 0, 1);
        Assert.Contains("update 2/2", run.Error, StringComparison.Ordinal);
        Assert.Equal(64 * 64, MaskCodec.Load(_folder["codec.npz"]).Decode(new int[16]).Length);
        Assert.Equal(1, (await CliRun.Of("train-codec", _folder["none"], "--out", _folder["x.npz"])).Code);
        Assert.Equal(2, (await CliRun.Of("train-codec", _folder["masks"], "--out", _folder["no/such/x.npz"])).Code);
    }
}
