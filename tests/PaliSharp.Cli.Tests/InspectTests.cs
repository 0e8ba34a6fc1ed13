using System.Text.Json;
using Xunit;

namespace PaliSharp.Cli.Tests;

public sealed class InspectTests
{
    [Fact]
    public async Task A_sound_checkpoint_is_described()
    {
        CliRun run = await CliRun.Of("inspect", CliRun.Nano);
        Assert.Equal(0, run.Code);
        foreach (string part in (string[])["112x112 pixels", "Gemma2; 5 layers, width 160", "3,514,400", "BF16", "1,793 tokens", "bicubic", "No problems found."])
            Assert.Contains(part, run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("q_proj", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tensors_are_listed_when_asked_for()
    {
        CliRun run = await CliRun.Of("inspect", CliRun.Nano, "--tensors");
        Assert.Contains("layers.0.self_attn.q_proj.weight", run.Output, StringComparison.Ordinal);
        CliRun json = await CliRun.Of("inspect", CliRun.Nano, "--tensors", "--json");
        JsonElement line = Assert.Single(json.Json);
        Assert.Equal(160, line.GetProperty("tensors").GetArrayLength());
        Assert.Equal("gemma2", line.GetProperty("geometry").GetProperty("text").GetProperty("version").GetString());
        Assert.Equal(7028800, line.GetProperty("types")[0].GetProperty("bytes").GetInt64());
    }

    [Fact]
    public async Task What_is_wrong_is_said_and_fails()
    {
        using var folder = new TemporaryFolder();
        foreach (string file in Directory.GetFiles(CliRun.Nano))
            File.Copy(file, folder[Path.GetFileName(file)]);
        await File.WriteAllTextAsync(folder["tokenizer.json"], "{");
        byte[] weights = await File.ReadAllBytesAsync(folder["model.safetensors"]);
        await File.WriteAllBytesAsync(folder["model.safetensors"], weights[..^1000]);
        CliRun run = await CliRun.Of("inspect", folder.Path, "--json");
        Assert.Equal(1, run.Code);
        string[] problems = [.. Assert.Single(run.Json).GetProperty("problems").EnumerateArray().Select(problem => problem.GetString()!)];
        Assert.Equal(2, problems.Length);
        Assert.Contains(problems, problem => problem.Contains("model.safetensors", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.Contains("tokenizer.json", StringComparison.Ordinal));
        CliRun plain = await CliRun.Of("inspect", folder.Path);
        Assert.Equal(1, plain.Code);
        Assert.Contains("problem: ", plain.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_path_that_is_not_there_fails()
    {
        CliRun run = await CliRun.Of("inspect", "no/such/checkpoint/at/all");
        Assert.Equal(1, run.Code);
        Assert.StartsWith("error: ", run.Error, StringComparison.Ordinal);
    }
}
