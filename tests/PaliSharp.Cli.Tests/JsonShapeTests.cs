using System.Text.Json;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Cli.Tests;

/// <summary>That what the verbs write is what <c>docs/json.schema.json</c> describes.</summary>
public sealed class JsonShapeTests
{
    private const string Picture = "02.png";

    public static TheoryData<string, string[]> Verbs => new()
    {
        { "text", ["caption"] },
        { "text", ["describe", "--timings"] },
        { "text", ["caption", "--top-logprobs", "2"] },
        { "text", ["ask", "-q", "what color is the ring?"] },
        { "text", ["ask", "-q", "how many rings are there?", "--kind", "count"] },
        { "text", ["generate-question", "--answer", "orange"] },
        { "text", ["run", "-p", "caption en", "--max-tokens", "2"] },
        { "text", ["run", "-p", "caption en", "--pattern", "[ab]{2}"] },
        { "json_value", ["run", "-p", "caption en", "--schema", "SCHEMA"] },
        { "json_value", ["ask", "-q", "how many?", "--schema", "SCHEMA", "--together"] },
        { "ocr", ["ocr"] },
        { "region", ["region", "--box", "60,0,200,130"] },
        { "table", ["table", "--max-tokens", "8"] },
        { "molecule", ["smiles", "--max-tokens", "8"] },
        { "music", ["music", "--max-tokens", "8"] },
        { "choice", ["science", "-q", "what color is the ring?", "--option", "orange", "--option", "blue"] },
        { "choice", ["science", "-q", "what color is the ring?", "--option", "orange", "--option", "blue", "--score", "--form", "choose"] },
        { "classification", ["classify", "--label", "orange", "--label", "blue", "-p", "answer en what color is the ring?"] },
        { "classification", ["match", "--text", "an orange ring", "--text", "a blue star"] },
        { "picture_ranking", ["match", "ANOTHER", "--text", "an orange ring"] },
        { "text", ["caption", "--frames", "2", "--max-tokens", "3"] },
        { "detection", ["detect", "--thing", "orange ring"] },
        { "detection", ["detect", "--thing", "rong", "--snap-labels", "--tile", "128", "--timings"] },
        { "segmentation", ["segment", "--thing", "orange ring"] },
        { "text_detection", ["text-detect"] },
    };

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task Verbs_write_what_is_described(string shape, string[] args)
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["schema.json"], """{"type":"object","properties":{"n":{"enum":[1,2,3]}},"required":["n"],"additionalProperties":false}""");
        string[] given = [.. args[1..].Select(arg => arg == "SCHEMA" ? folder["schema.json"] : arg == "ANOTHER" ? CliRun.Picture("06.png") : arg)];
        CliRun run = await CliRun.Of([args[0], CliRun.Picture(Picture), .. given, "--json", "--model", CliRun.Nano]);
        Assert.Equal("", run.Error);
        Assert.Equal(0, run.Code);
        JsonElement line = Assert.Single(run.Json);
        Assert.Empty(JsonShape.Problems(line, shape));
        Assert.Equal(args.Contains("--timings"), line.TryGetProperty("timings", out _));
    }

    [Fact]
    public async Task Rows_and_exports_are_described()
    {
        using var folder = new TemporaryFolder();
        CliRun run = await CliRun.Of(
            "batch", CliRun.Picture(Picture), "none.png", "-o", folder["out.jsonl"], "--task", "segment", "--what", "orange ring", "--export", $"jsonl:{folder["objects.jsonl"]}",
            "--export", $"coco:{folder["coco.json"]}", "--json", "--quiet", "--model", CliRun.Nano);
        Assert.Equal(1, run.Code);
        Assert.Empty(JsonShape.Problems(Assert.Single(run.Json), "batch"));
        string[] rows = await File.ReadAllLinesAsync(folder["out.jsonl"]);
        Assert.Empty(JsonShape.Problems(Parse(rows[0]), "segmentation", "row"));
        Assert.Empty(JsonShape.Problems(Parse(rows[1]), "row_error"));
        Assert.Empty(JsonShape.Problems(Parse(Assert.Single(await File.ReadAllLinesAsync(folder["objects.jsonl"]))), "export_line"));
        Assert.Equal(1, Parse(await File.ReadAllTextAsync(folder["coco.json"])).GetProperty("annotations").GetArrayLength());
    }

    [Fact]
    public async Task Scored_rows_are_described()
    {
        using var folder = new TemporaryFolder();
        string[] common = ["-o", folder["out.jsonl"], "--overwrite", "--quiet", "--model", CliRun.Nano];
        Assert.Equal(0, (await CliRun.Of(["batch", CliRun.Picture(Picture), "--task", "classify", "--what", "orange; blue", "-p", "answer en what color is the ring?", .. common])).Code);
        JsonElement row = Parse(Assert.Single(await File.ReadAllLinesAsync(folder["out.jsonl"])));
        Assert.Empty(JsonShape.Problems(row, "classification", "row"));
        Assert.Equal("orange", row.GetProperty("labels")[0].GetProperty("label").GetString());
        Assert.Equal(0, (await CliRun.Of(["batch", CliRun.Picture(Picture), "--task", "match", "--what", "an orange ring", .. common])).Code);
        Assert.Empty(JsonShape.Problems(Parse(Assert.Single(await File.ReadAllLinesAsync(folder["out.jsonl"]))), "match", "row"));
        Assert.Equal(2, (await CliRun.Of(["batch", CliRun.Picture(Picture), "--task", "match", "--what", "a ring", "--scoring", "mean", .. common])).Code);
    }

    [Fact]
    public async Task An_evaluation_is_described()
    {
        CliRun run = await CliRun.Of("eval", "--scenes", "2", "--json", "--quiet", "--model", CliRun.Nano);
        Assert.Equal(0, run.Code);
        Assert.Empty(JsonShape.Problems(Assert.Single(run.Json), "eval"));
        CliRun every = await CliRun.Of("eval", "--scenes", "2", "--run", "all", "--json", "--quiet", "--model", CliRun.Nano);
        Assert.Equal(0, every.Code);
        Assert.Empty(JsonShape.Problems(Assert.Single(every.Json), "eval"));
        Assert.Equal(("all", 0), (every.Json[0].GetProperty("run").GetString(), every.Json[0].GetProperty("different").GetInt32()));
        CliRun person = await CliRun.Of("eval", "--scenes", "1", "--run", "single", "--model", CliRun.Nano);
        Assert.Contains("| score", person.Output, StringComparison.Ordinal);
        Assert.Contains("about 1 scenes", person.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_check_sees_what_is_wrong()
    {
        JsonElement line = Parse("""{"image":5,"prompt":"x","text":"y","tokens":[-1],"logprob":"NaN","finish_reason":"done","warnings":[],"usage":{"image_tokens":0,"prompt_tokens":0,"answer_tokens":0,"more":1},"extra":1}""");
        List<string> problems = JsonShape.Problems(line, "text");
        foreach (string path in (string[])["$.image is 5", "$.tokens[0]", "$.finish_reason is done", "$.usage.more is not described", "$.extra is not described", "$.schema_version is missing"])
            Assert.Contains(problems, problem => problem.Contains(path, StringComparison.Ordinal));
        Assert.Equal(6, problems.Count);
    }

    [Fact]
    public void The_page_names_every_shape()
    {
        string page = File.ReadAllText(Path.Combine(GoldenData.RepositoryRoot, "docs", "json.md"));
        Assert.All(JsonShape.Names, shape => Assert.Contains($"`{shape}`", page, StringComparison.Ordinal));
    }

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;
}
