using System.Text.Json;
using Xunit;

namespace PaliSharp.Cli.Tests;

public sealed class BenchTests
{
    [Fact]
    public async Task Every_stage_is_timed_beside_the_machine()
    {
        CliRun run = await CliRun.Of("bench", "--model", CliRun.Nano, "--runs", "2", "--tokens", "3", "--json");
        Assert.Equal(0, run.Code);
        JsonElement line = Assert.Single(run.Json);
        Assert.Equal(2, line.GetProperty("runs").GetInt32());
        Assert.Equal(64 + 10, line.GetProperty("prompt_positions").GetInt32());
        Assert.True(line.GetProperty("peak_gflops").GetDouble() > 0);
        Assert.True(line.GetProperty("peak_gbps").GetDouble() > 0);
        Assert.True(line.GetProperty("peak_memory_bytes").GetInt64() > 1 << 20);
        JsonElement[] stages = [.. line.GetProperty("stages").EnumerateArray()];
        Assert.Equal(["decode picture", "resize", "vision", "prefill", "decode", "decode x8"], stages.Select(stage => stage.GetProperty("stage").GetString()));
        foreach (JsonElement stage in stages)
        {
            double median = stage.GetProperty("median_ms").GetDouble();
            Assert.True(median > 0);
            Assert.InRange(stage.GetProperty("minimum_ms").GetDouble(), 0, median);
        }

        Assert.All(stages[2..], stage => Assert.True(stage.GetProperty("share_of_limit").GetDouble() > 0));
        Assert.Equal(JsonValueKind.Null, stages[0].GetProperty("share_of_limit").ValueKind);
    }

    [Fact]
    public async Task A_person_gets_a_table()
    {
        CliRun run = await CliRun.Of("bench", "--model", CliRun.Nano, "--runs", "1", "--tokens", "1", "--image", CliRun.Picture("02.png"), "--threads", "1");
        Assert.Equal(0, run.Code);
        Assert.Contains("1 threads", run.Output, StringComparison.Ordinal);
        Assert.Contains("decode (one token)", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--synthetic", "paligemma9-1b-224")]
    [InlineData("--runs", "0")]
    [InlineData("--tokens", "x")]
    public async Task Nonsense_is_wrong_usage(string option, string value)
    {
        Assert.Equal(2, (await CliRun.Of("bench", option, value)).Code);
    }

    [Fact]
    public async Task A_picture_that_is_none_fails()
    {
        CliRun run = await CliRun.Of("bench", "--model", CliRun.Nano, "--image", Path.Combine(CliRun.Nano, "config.json"));
        Assert.Equal(1, run.Code);
        Assert.StartsWith("error: ", run.Error, StringComparison.Ordinal);
    }
}
