using System.Text.Json;
using Xunit;

namespace PaliSharp.Cli.Tests;

public sealed class QuantizeTests
{
    [Theory]
    [InlineData("int8", 4_100_000)]
    [InlineData("int4", 3_300_000)]
    public async Task A_quantised_model_is_written_inspected_and_runs(string weights, long mostBytes)
    {
        using var folder = new TemporaryFolder();
        foreach (string file in Directory.GetFiles(CliRun.Nano))
            File.Copy(file, folder[Path.GetFileName(file)]);
        CliRun run = await CliRun.Of("quantize", folder.Path, "--weights", weights, "--all", "--json");
        Assert.Equal(0, run.Code);
        JsonElement line = Assert.Single(run.Json);
        string path = line.GetProperty("path").GetString()!;
        Assert.Equal(folder[$"model.palisharp-{weights}.safetensors"], path);
        Assert.InRange(line.GetProperty("bytes").GetInt64(), 1, mostBytes);
        Assert.Contains("100 %", run.Error, StringComparison.Ordinal);

        CliRun inspect = await CliRun.Of("inspect", folder.Path, "--verify");
        Assert.Equal(0, inspect.Code);
        Assert.Contains("checksums verified", inspect.Output, StringComparison.Ordinal);
        CliRun answer = await CliRun.Of("caption", CliRun.Picture("02.png"), "--model", folder.Path, "--weights", weights);
        Assert.Equal(0, answer.Code);
        Assert.Contains("orange ring", answer.Output, StringComparison.Ordinal);

        byte[] bytes = await File.ReadAllBytesAsync(path);
        bytes[^5000] ^= 1;
        await File.WriteAllBytesAsync(path, bytes);
        CliRun damaged = await CliRun.Of("inspect", folder.Path, "--verify");
        Assert.Equal(1, damaged.Code);
        Assert.Contains("checksum", damaged.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("f32")]
    [InlineData("bf16")]
    [InlineData("int8")]
    [InlineData("stored")]
    public async Task Weights_are_chosen_at_load(string weights)
    {
        CliRun run = await CliRun.Of("caption", CliRun.Picture("02.png"), "--model", CliRun.Nano, "--weights", weights);
        Assert.Equal(0, run.Code);
        Assert.Contains("an orange ring on a pink background", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_usage_is_said()
    {
        Assert.Equal(2, (await CliRun.Of("quantize", CliRun.Nano, "--weights", "int3")).Code);
        Assert.Equal(2, (await CliRun.Of("quantize")).Code);
        Assert.Equal(1, (await CliRun.Of("quantize", "no/such/checkpoint/at/all")).Code);
    }
}
