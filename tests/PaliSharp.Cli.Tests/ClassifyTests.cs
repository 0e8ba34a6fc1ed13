using System.Text.Json;
using Xunit;

namespace PaliSharp.Cli.Tests;

public sealed class ClassifyTests
{
    private static readonly string Picture = CliRun.Picture("02.png");

    [Fact]
    public async Task Json_lists_the_best_labels_first()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["labels.txt"], "a red circle\n\n an orange ring on a pink background \n");
        CliRun run = await CliRun.Of(
            "classify", Picture, "--label", "a green star", "--label-file", folder["labels.txt"], "-p", "caption en", "--top", "2", "--json", "--model", CliRun.Nano);
        Assert.Equal("", run.Error);
        Assert.Equal(0, run.Code);
        JsonElement line = Assert.Single(run.Json);
        Assert.Equal(["image", "width", "height", "prompt", "labels", "schema_version"], line.EnumerateObject().Select(field => field.Name));
        Assert.Equal(2, line.GetProperty("labels").GetArrayLength());
        JsonElement best = line.GetProperty("labels")[0];
        Assert.Equal(["label", "probability", "score", "logprob"], best.EnumerateObject().Select(field => field.Name));
        Assert.Equal("an orange ring on a pink background", best.GetProperty("label").GetString());
        Assert.InRange(best.GetProperty("probability").GetDouble(), 0.5, 1);
    }

    [Fact]
    public async Task A_person_gets_a_table()
    {
        CliRun run = await CliRun.Of("classify", Picture, "-l", "orange", "-l", "red", "-p", "answer en what colour is the ring?", "--scoring", "prior", "--model", CliRun.Nano);
        Assert.Equal(0, run.Code);
        Assert.Contains("| orange |", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData]
    [InlineData("--label", " ")]
    [InlineData("--label", "a", "--scoring", "other")]
    [InlineData("--label", "a", "--top", "0")]
    public async Task Nonsense_is_wrong_usage(params string[] arguments) =>
        Assert.Equal(2, (await CliRun.Of(["classify", Picture, "--model", CliRun.Nano, .. arguments])).Code);
}
