using System.Net;
using System.Text.RegularExpressions;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Cli.Tests;

/// <summary>That <c>docs/serving.md</c> starts servers as it says; its <c>curl</c> commands and its C# are run beside the server's own tests.</summary>
public sealed partial class ServingPageTests
{
    private static string Page => File.ReadAllText(Path.Combine(GoldenData.RepositoryRoot, "docs", "serving.md"));

    [SkippableFact]
    public async Task Every_server_it_starts_gets_ready()
    {
        Skip.IfNot(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "SIGTERM is needed.");
        string[] commands = [.. ShellBlock().Matches(Page).SelectMany(block => block.Groups[1].Value.Split('\n')).Where(line => line.Contains(" serve", StringComparison.Ordinal))];
        Assert.True(commands.Length >= 2, $"{commands.Length} commands were found");
        foreach (string command in commands)
        {
            // Models that are not on this machine are those of the demonstration.
            string[] arguments = [.. command[(command.IndexOf(" serve", StringComparison.Ordinal) + 6)..].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(ToLocal)];
            using ServerProcess server = await ServerProcess.StartAsync(arguments);
            Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/v1/models")).StatusCode);
            await server.TerminateAsync();
            await server.Process.WaitForExitAsync().WaitAsync(ServerProcess.Limit);
            Assert.Equal(0, server.Process.ExitCode);
        }
    }

    [Fact]
    public async Task Every_option_it_names_exists()
    {
        string help = (await CliRun.Of("serve", "--help")).Output;
        string[] named = [.. Option().Matches(Page).Select(match => match.Groups[1].Value).Distinct().Where(option => option is not "--project" and not "--json")];
        Assert.True(named.Length >= 15, $"{named.Length} options were found");
        Assert.All(named, option => Assert.Matches($"{option}\\b", help));
    }

    private static string ToLocal(string argument) => ModelName().Replace(argument, CliRun.Nano);

    [GeneratedRegex("^```sh\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex ShellBlock();

    [GeneratedRegex("(?:`| )(--[a-z][a-z-]+)")]
    private static partial Regex Option();

    [GeneratedRegex("(?<==)(google|models)/.*$")]
    private static partial Regex ModelName();
}
