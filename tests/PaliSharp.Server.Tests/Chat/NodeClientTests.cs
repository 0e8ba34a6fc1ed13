using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using PaliSharp.Server.Tests.Support;
using Xunit;

namespace PaliSharp.Server.Tests.Chat;

/// <summary>
/// The npm client <c>openai</c>, in the version of <c>node/package-lock.json</c>, talks to the server. It is installed once into the temporary
/// folder; the test is skipped only where there is no node, or no registry to be reached.
/// </summary>
[Collection(ServerCollection.Name)]
public sealed partial class NodeClientTests(ServerFixture fixture)
{
    private static readonly string Project = Path.Combine(TestSupport.GoldenData.RepositoryRoot, "tests", "PaliSharp.Server.Tests", "Chat", "node");
    private static readonly string[] ProjectFiles = ["package.json", "package-lock.json"];
    private static readonly TimeSpan InstallLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RunLimit = TimeSpan.FromSeconds(60);

    [SkippableFact]
    public async Task It_talks_to_the_server()
    {
        string folder = await InstallAsync();
        string caption = await fixture.AnswerAsync("caption en", "orange-ring.png");
        (int code, string output, string error) = await RunAsync(
            "node", RunLimit, Path.Combine(Project, "client.mjs"), folder, new Uri(fixture.Server.Address, "/v1").ToString(), Sample.PathOf("orange-ring.png"));
        Assert.True(code == 0, error);
        JsonElement seen = JsonDocument.Parse(output).RootElement;
        foreach (string name in (string[])["plain", "streamed", "helper", "logprobs"])
            Assert.Equal(caption, seen.GetProperty(name).GetString());
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

    /// <summary>Installs what the lock file names, each package checked against its hash there.</summary>
    private static async Task<string> InstallAsync()
    {
        byte[] locked = await File.ReadAllBytesAsync(Path.Combine(Project, ProjectFiles[1]));
        string folder = Path.Combine(Path.GetTempPath(), $"palisharp-npm-{Convert.ToHexStringLower(SHA256.HashData(locked))[..16]}");
        if (Directory.Exists(folder))
            return folder;
        string fresh = Directory.CreateTempSubdirectory("palisharp-npm-").FullName;
        foreach (string file in ProjectFiles)
            File.Copy(Path.Combine(Project, file), Path.Combine(fresh, file));
        try
        {
            (int code, _, string error) = await RunAsync("npm", InstallLimit, "ci", "--prefix", fresh, "--no-audit", "--no-fund", "--ignore-scripts");
            Skip.If(code != 0 && Unreachable().IsMatch(error), $"No npm registry can be reached: {error}");
            Assert.True(code == 0, error);
        }
        catch (Win32Exception exception)
        {
            Skip.If(true, $"There is no npm on this machine: {exception.Message}");
        }
        catch (TimeoutException exception)
        {
            Skip.If(true, $"No npm registry answers: {exception.Message}");
        }

        // Whole or not at all, also where several runs do this at once.
        try
        {
            Directory.Move(fresh, folder);
        }
        catch (IOException) when (Directory.Exists(folder))
        {
            Directory.Delete(fresh, recursive: true);
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

    // What npm says where there is no way to a registry, or the one there is does not serve.
    [GeneratedRegex("ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|code E(40[137]|5[0-9]{2})|network")]
    private static partial Regex Unreachable();
}
