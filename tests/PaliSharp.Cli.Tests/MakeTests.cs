using System.Text.Json;
using PaliSharp.Imaging;
using Xunit;

namespace PaliSharp.Cli.Tests;

/// <summary>The verbs that make data and models to train with.</summary>
public sealed class MakeTests
{
    [Fact]
    public async Task Data_is_written_with_its_pictures_and_goes_on()
    {
        using var folder = new TemporaryFolder();
        CliRun first = await CliRun.Of("make-data", "--out", folder.Path, "--pictures", "3", "--seed", "5", "--json");
        Assert.Equal(0, first.Code);
        Assert.Equal(3, first.Json[0].GetProperty("pictures").GetInt32());
        string file = first.Json[0].GetProperty("path").GetString()!;
        int count = (await File.ReadAllLinesAsync(file)).Length;
        Assert.Equal(count, first.Json[0].GetProperty("examples").GetInt32());

        CliRun second = await CliRun.Of("make-data", "--out", folder.Path, "--first", "3", "--pictures", "2", "--seed", "5");
        Assert.Equal(0, second.Code);
        string[] lines = await File.ReadAllLinesAsync(file);
        Assert.True(lines.Length > count);
        foreach (string line in lines)
        {
            JsonElement example = JsonElement.Parse(line);
            Assert.Equal(ImageFormat.Png, Image.Identify(Path.Combine(folder.Path, example.GetProperty("image").GetString()!)).Format);
            Assert.NotEmpty(example.GetProperty("prefix").GetString()!);
            Assert.NotEmpty(example.GetProperty("suffix").GetString()!);
        }
    }

    [Fact]
    public async Task A_new_model_is_of_the_geometry_asked_for()
    {
        using var folder = new TemporaryFolder();
        CliRun made = await CliRun.Of("make-model", CliRun.Nano, "--out", folder.Path, "--seed", "1");
        Assert.Equal(0, made.Code);
        CliRun inspected = await CliRun.Of("inspect", folder.Path);
        Assert.Equal(0, inspected.Code);
        Assert.Equal(1, (await CliRun.Of("make-model", "no/such/folder", "--out", folder.Path)).Code);
    }
}
