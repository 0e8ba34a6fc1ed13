using System.Diagnostics;
using System.Text.RegularExpressions;
using PaliSharp.Server.Tests.Support;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Server.Tests.Documents;

/// <summary>The commands of <c>docs/serving.md</c> do what they say.</summary>
public sealed partial class ServingDocumentTests
{
    private const string Documented = "http://localhost:8080";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [SkippableFact]
    public async Task Every_curl_command_works_as_it_stands()
    {
        Skip.IfNot(File.Exists("/bin/bash") && File.Exists("/usr/bin/curl"), "bash and curl are needed.");
        string document = await File.ReadAllTextAsync(Path.Combine(GoldenData.RepositoryRoot, "docs", "serving.md"));
        string[] commands = [.. ShellBlock().Matches(document).Select(block => block.Groups[1].Value).Where(command => command.StartsWith("curl ", StringComparison.Ordinal))];
        Assert.True(commands.Length >= 10, $"{commands.Length} commands were found");
        await using TestServer server = await TestServer.StartAsync(options => options.Models.Clear());
        string folder = Directory.CreateTempSubdirectory("palisharp-docs-").FullName;
        try
        {
            string samples = Path.Combine(folder, "samples");
            Directory.CreateDirectory(samples);
            foreach (string picture in Directory.GetFiles(Path.Combine(GoldenData.RepositoryRoot, "samples"), "*.png"))
                File.Copy(picture, Path.Combine(samples, Path.GetFileName(picture)));
            foreach (string command in commands)
            {
                string output = await RunAsync(command.Replace(Documented, server.Address.ToString().TrimEnd('/'), StringComparison.Ordinal), folder);
                Assert.False(output.Contains("\"error\"", StringComparison.Ordinal), $"{command}\n{output}");
                Assert.True(output.Length > 0 || File.Exists(Path.Combine(folder, "out.png")), command);
            }

            Assert.True(Imaging.Image.Load(Path.Combine(folder, "out.png")).Width > 0);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> RunAsync(string command, string folder)
    {
        using Process process = Process.Start(new ProcessStartInfo("/bin/bash", ["-euo", "pipefail", "-c", command])
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(Limit);
        Assert.True(process.ExitCode == 0, $"{command}\n{await error}");
        return await output;
    }

    [GeneratedRegex("^```sh\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex ShellBlock();
}
