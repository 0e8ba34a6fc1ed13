using System.Diagnostics;
using System.Text.Json;
using PaliSharp.Server.Tests.Support;
using Xunit;

namespace PaliSharp.Server.Tests.Chat;

/// <summary>The npm client <c>openai</c> talks to the server. It is fetched once into the temporary folder; without node or a registry the test is skipped.</summary>
[Collection(ServerCollection.Name)]
public sealed class NodeClientTests(ServerFixture fixture)
{
    private const string Version = "7.57.0";
    private const string Caption = "an orange ring on a pink background";
    private static readonly TimeSpan InstallLimit = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan RunLimit = TimeSpan.FromSeconds(60);

    [SkippableFact]
    public async Task It_talks_to_the_server()
    {
        string folder = await InstallAsync();
        string script = Path.Combine(TestSupport.GoldenData.RepositoryRoot, "tests", "PaliSharp.Server.Tests", "Chat", "node", "client.mjs");
        (int code, string output, string error) = await RunAsync("node", RunLimit, script, folder, new Uri(fixture.Server.Address, "/v1").ToString(), Sample.PathOf("orange-ring.png"));
        Assert.True(code == 0, error);
        JsonElement seen = JsonDocument.Parse(output).RootElement;
        foreach (string name in (string[])["plain", "streamed", "helper", "logprobs"])
            Assert.Equal(Caption, seen.GetProperty(name).GetString());
        Assert.Equal("stop", seen.GetProperty("finish").GetString());
        Assert.Equal(fixture.Model.Config.ImageTokens, seen.GetProperty("imageTokens").GetInt32());
        Assert.True(seen.GetProperty("pieces").GetInt32() > 4);
        Assert.True(seen.GetProperty("total").GetInt32() > fixture.Model.Config.ImageTokens);
        Assert.Equal("""["BadRequestError",400,"unsupported_parameter","presence_penalty"]""", seen.GetProperty("error").GetRawText());
        Assert.Equal("""["NotFoundError",404]""", seen.GetProperty("missing").GetRawText());
        Assert.Contains(seen.GetProperty("cancelled").GetString(), (string[])["APIUserAbortError", "ended"]);
        Assert.Equal("""["nano","second"]""", seen.GetProperty("models").GetRawText());
        await Eventually.HoldsAsync(() => fixture.Model.GetStatistics().Running == 0);
    }

    private static async Task<string> InstallAsync()
    {
        string folder = Path.Combine(Path.GetTempPath(), $"palisharp-openai-{Version}");
        if (File.Exists(Path.Combine(folder, "node_modules", "openai", "package.json")))
            return folder;
        Skip.If(Environment.GetEnvironmentVariable("PALISHARP_OFFLINE") is { Length: > 0 }, "PALISHARP_OFFLINE is set.");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "package.json"), """{"private": true}""");
        try
        {
            (int code, _, string error) = await RunAsync("npm", InstallLimit, "install", $"openai@{Version}", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts");
            Skip.If(code != 0, $"The npm client cannot be fetched: {error}");
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or TimeoutException)
        {
            Skip.If(true, $"There is no npm, or no registry that answers: {exception.Message}");
        }

        return folder;
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(string program, TimeSpan limit, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(limit);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException exception)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} did not end within {limit}.", exception);
        }

        return (process.ExitCode, await output, await error);
    }
}
