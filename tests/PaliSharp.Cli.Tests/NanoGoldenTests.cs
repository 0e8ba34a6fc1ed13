using System.Text.Json;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Cli.Tests;

/// <summary>What the reference implementation answers with the demonstration model, through the whole command line.</summary>
[Trait("Category", "Golden")]
public sealed class NanoGoldenTests
{
    [Fact]
    public async Task Every_prompt_gets_the_reference_ids()
    {
        // The topic lives in the repository only: its expectations belong to models/nano.
        string folder = Path.Combine(GoldenData.Bundled, "nano");
        using JsonDocument document = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "expected.json")));
        JsonElement[] cases = [.. document.RootElement.EnumerateArray()];
        Assert.NotEmpty(cases);
        foreach (IGrouping<string, JsonElement> prompt in cases.GroupBy(item => item.GetProperty("prompt").GetString()!))
        {
            string[] pictures = [.. prompt.Select(item => Path.Combine(folder, item.GetProperty("picture").GetString()!))];
            CliRun run = await CliRun.Of(["run", .. pictures, "-p", prompt.Key, "--json", "--model", CliRun.Nano]);
            Assert.Equal("", run.Error);
            Assert.Equal(0, run.Code);
            JsonElement[] answers = run.Json;
            Assert.Equal(pictures, answers.Select(answer => answer.GetProperty("image").GetString()!));
            foreach ((JsonElement expected, JsonElement answer) in prompt.Zip(answers))
            {
                // The reference lists the id that ends the text, too.
                int[] ids = [.. expected.GetProperty("greedy").EnumerateArray().Select(id => id.GetInt32())];
                Assert.Equal(1, ids[^1]);
                Assert.Equal(ids[..^1], answer.GetProperty("tokens").EnumerateArray().Select(id => id.GetInt32()));
                Assert.Equal(expected.GetProperty("text").GetString(), answer.GetProperty("text").GetString());
                Assert.Equal("stop", answer.GetProperty("finish_reason").GetString());
            }
        }
    }
}
