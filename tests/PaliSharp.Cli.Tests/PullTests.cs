using PaliSharp.Tests.Hub;
using Xunit;

namespace PaliSharp.Cli.Tests;

[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "IAsyncLifetime disposes it.")]
public sealed class PullTests : IAsyncLifetime
{
    private readonly TemporaryFolder _cache = new();
    private HubServer _server = null!;

    private CliRun.Setup Online => new()
    {
        Variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["HF_ENDPOINT"] = _server.Address, ["HF_HOME"] = _cache.Path },
    };

    public async Task InitializeAsync()
    {
        _server = await HubServer.StartAsync();
        foreach (string file in Directory.GetFiles(CliRun.Nano))
        {
            string name = Path.GetFileName(file);
            _server.Files[name] = new ServedFile(await File.ReadAllBytesAsync(file), large: name.EndsWith(".safetensors", StringComparison.Ordinal));
        }
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _cache.Dispose();
    }

    [Fact]
    public async Task What_was_pulled_is_found_by_its_name()
    {
        CliRun pulled = await CliRun.Of(["pull", HubServer.Id], Online);
        Assert.Equal(0, pulled.Code);
        string folder = Assert.Single(pulled.Lines);
        Assert.StartsWith(_cache.Path, folder, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(folder, "model.safetensors")));
        Assert.False(File.Exists(Path.Combine(folder, "scores.json")));
        Assert.Contains("model.safetensors", pulled.Error, StringComparison.Ordinal);

        CliRun answer = await CliRun.Of(["caption", CliRun.Picture("02.png"), "--model", HubServer.Id], Online);
        Assert.Equal("an orange ring on a pink background\n", answer.Output);
        CliRun inspected = await CliRun.Of(["inspect", HubServer.Id, "--json"], Online);
        Assert.Equal(0, inspected.Code);
        Assert.Equal(folder, inspected.Json[0].GetProperty("path").GetString());
    }

    [Fact]
    public async Task Json_and_quiet_say_only_where()
    {
        CliRun pulled = await CliRun.Of(["pull", $"{HubServer.Id}@{HubServer.Commit}", "--json", "--quiet", "--all-files"], Online);
        Assert.Equal("", pulled.Error);
        Assert.Equal(["model", "revision", "path"], pulled.Json[0].EnumerateObject().Select(field => field.Name));
        Assert.Equal(HubServer.Commit, pulled.Json[0].GetProperty("revision").GetString());
        Assert.True(File.Exists(Path.Combine(pulled.Json[0].GetProperty("path").GetString()!, "scores.json")));
    }

    [Fact]
    public async Task A_terminal_gets_a_bar_on_standard_error()
    {
        CliRun pulled = await CliRun.Of(["pull", HubServer.Id], Online with { IsInteractive = true });
        Assert.Equal(0, pulled.Code);
        Assert.True(Directory.Exists(Assert.Single(pulled.Lines)));
    }

    [Fact]
    public async Task A_model_that_was_not_pulled_says_how_to_pull_it()
    {
        CliRun answer = await CliRun.Of(["caption", CliRun.Picture("02.png"), "--model", "acme/other"], Online);
        Assert.Equal(1, answer.Code);
        Assert.Contains("palisharp pull acme/other", answer.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_of_the_hub_is_an_error()
    {
        CliRun pulled = await CliRun.Of(["pull", "acme/unknown"], Online);
        Assert.Equal(1, pulled.Code);
        Assert.StartsWith("error: ", pulled.Error.Split('\n').First(line => !line.StartsWith("Listing", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal("", pulled.Output);
    }

    [Theory]
    [InlineData("nano")]
    [InlineData("a/b/c")]
    [InlineData("../nano")]
    public async Task Something_that_is_no_name_is_wrong_usage(string name)
    {
        CliRun pulled = await CliRun.Of(["pull", name], Online);
        Assert.Equal(2, pulled.Code);
        Assert.Empty(_server.Seen);
    }
}
