using System.Diagnostics;
using System.Text.Json;
using PaliSharp.Imaging;
using Xunit;

namespace PaliSharp.Cli.Tests;

public sealed class BatchTests
{
    [Fact]
    public async Task A_table_of_pictures_becomes_a_table_of_captions()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["in.csv"], $"image,language,sku\n{CliRun.Picture("02.png")},en,A-1\nnone.png,de,A-2\n");
        CliRun run = await CliRun.Of("batch", folder["in.csv"], "-o", folder["out.csv"], "--prompt", "caption {language}", "--model", CliRun.Nano);
        Assert.Equal(1, run.Code);
        Assert.Equal("", run.Output);
        Assert.Contains("2 of 2 rows, 1 failed", run.Error, StringComparison.Ordinal);
        Assert.Contains("error: 1 of 2 rows failed", run.Error, StringComparison.Ordinal);
        string[] lines = await File.ReadAllLinesAsync(folder["out.csv"]);
        Assert.Equal("row,image,language,sku,prompt,text,finish_reason,logprob,warnings,error", lines[0]);
        Assert.StartsWith($"0,{CliRun.Picture("02.png")},en,A-1,caption en,an orange ring on a pink background,stop,", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("1,none.png,de,A-2,,,,,,", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pictures_become_lines_of_json_and_a_summary()
    {
        using var folder = new TemporaryFolder();
        string[] args = ["batch", CliRun.Picture("02.png"), CliRun.Picture("05.png"), "-o", folder["out.jsonl"], "-p", "caption en", "--json", "--quiet", "--model", CliRun.Nano];
        CliRun run = await CliRun.Of(args);
        Assert.Equal(0, run.Code);
        Assert.Equal("", run.Error);
        JsonElement summary = Assert.Single(run.Json);
        Assert.Equal((2, 0, 0), (summary.GetProperty("rows").GetInt32(), summary.GetProperty("failed").GetInt32(), summary.GetProperty("resumed").GetInt32()));
        CliRun single = await CliRun.Of("caption", CliRun.Picture("02.png"), "--json", "--model", CliRun.Nano);
        string[] lines = await File.ReadAllLinesAsync(folder["out.jsonl"]);
        using JsonDocument row = JsonDocument.Parse(lines[0]);
        foreach (JsonProperty field in single.Json[0].EnumerateObject().Where(field => field.Name != "logprob"))
            Assert.Equal(field.Value.GetRawText(), row.RootElement.GetProperty(field.Name).GetRawText());
        run = await CliRun.Of(args);
        Assert.Equal(2, run.Json[0].GetProperty("resumed").GetInt32());
    }

    [Theory]
    [InlineData("in.csv", "-p", "x")]
    [InlineData("in.csv", "-o", "out.csv")]
    [InlineData("in.csv", "-o", "out.txt", "-p", "x")]
    [InlineData("in.csv", "-o", "out.csv", "-p", "a {")]
    [InlineData("-", "-o", "out.csv", "-p", "x")]
    [InlineData("in.csv", "more.png", "-o", "out.csv", "-p", "x")]
    [InlineData("a.png", "--image-column", "photo", "-o", "out.csv", "-p", "x")]
    [InlineData("in.csv", "-o", "out.csv", "-p", "x", "--window", "0")]
    public async Task Wrong_usage_is_told(params string[] args)
    {
        CliRun run = await CliRun.Of(["batch", .. args]);
        Assert.Equal(2, run.Code);
        Assert.NotEqual("", run.Error);
        Assert.False(File.Exists("out.csv"));
    }

    [Fact]
    public async Task A_schema_that_is_none_is_refused()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["long.json"], new string(' ', 5 << 20));
        foreach (string[] verb in (string[][])[["run", CliRun.Picture("02.png"), "-p", "x"], ["batch", CliRun.Picture("02.png"), "-p", "x", "-o", folder["out.jsonl"]]])
        {
            CliRun run = await CliRun.Of([.. verb, "--schema", folder["long.json"], "--model", CliRun.Nano]);
            Assert.Equal(2, run.Code);
            Assert.Contains("characters", run.Error, StringComparison.Ordinal);
            Assert.Equal(1, (await CliRun.Of([.. verb, "--schema", folder["none.json"], "--model", CliRun.Nano])).Code);
        }
    }

    [Fact]
    public async Task Killed_at_random_points_it_ends_with_the_same_bytes()
    {
        const int Kills = 20;
        using var folder = new TemporaryFolder();
        await WriteInputAsync(folder, rows: 160);
        Assert.Equal(1, await FinishAsync(folder, "whole.jsonl"));
        byte[] whole = await File.ReadAllBytesAsync(folder["whole.jsonl"]);
        var random = new Random(1);
        int kills = 0;
        for (int attempt = 0; kills < Kills; attempt++)
        {
            Assert.True(attempt < 3 * Kills, "The process ended before it was killed too often.");
            kills += await KillAsync(folder, "out.jsonl", random, whole.Length) ? 1 : 0;
        }

        Assert.Equal(1, await FinishAsync(folder, "out.jsonl"));
        Assert.True(File.ReadAllBytes(folder["out.jsonl"]).AsSpan().SequenceEqual(whole), "The output of the killed job differs.");
        long[] rows = [.. (await File.ReadAllLinesAsync(folder["out.jsonl"])).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("row").GetInt64())];
        Assert.Equal(Enumerable.Range(0, 160).Select(i => (long)i), rows);
    }

    private static async Task WriteInputAsync(TemporaryFolder folder, int rows)
    {
        for (int i = 0; i < 5; i++)
        {
            byte[] pixels = new byte[24 * 24 * 3];
            Array.Fill(pixels, (byte)(i * 50));
            Image.FromPixels(24, 24, pixels).SavePng(folder[$"{i}.png"]);
        }

        IEnumerable<string> lines = Enumerable.Range(0, rows).Select(i => $"{(i % 9 == 4 ? "none" : i % 5)}.png,{(i % 2 == 0 ? "en" : "de")}");
        await File.WriteAllLinesAsync(folder["in.csv"], ["image,language", .. lines]);
    }

    private static Process Start(TemporaryFolder folder, string output)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { UseShellExecute = false, RedirectStandardError = true };
        string[] args =
        [
            typeof(CliApplication).Assembly.Location, "batch", folder["in.csv"], "-o", folder[output], "-p", "caption {language}", "--max-tokens", "3", "--window", "4", "--quiet",
            "--model", CliRun.Nano,
        ];
        foreach (string argument in args)
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    private static async Task<int> FinishAsync(TemporaryFolder folder, string output)
    {
        using Process process = Start(folder, output);
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Contains("18 of 160 rows failed", error, StringComparison.Ordinal);
        return process.ExitCode;
    }

    /// <summary>Kills a run at a random moment; false if it ended before.</summary>
    private static async Task<bool> KillAsync(TemporaryFolder folder, string output, Random random, int length)
    {
        using Process process = Start(folder, output);
        Task<string> error = process.StandardError.ReadToEndAsync();

        // Some while it starts, the others when it has written some more.
        long before = new FileInfo(folder[output]) is { Exists: true } file ? file.Length : 0;
        long wanted = random.Next(5) == 0 ? 0 : before + random.Next(1, length / 16);
        var pause = TimeSpan.FromMilliseconds(wanted == 0 ? random.Next(300) : random.NextDouble() * 4);
        while (!process.HasExited && wanted > 0 && (!File.Exists(folder[output]) || new FileInfo(folder[output]).Length < wanted))
            await Task.Delay(1);
        await Task.Delay(pause);
        bool isKilled = !process.HasExited;
        process.Kill();
        await process.WaitForExitAsync();
        await error;
        return isKilled;
    }
}
