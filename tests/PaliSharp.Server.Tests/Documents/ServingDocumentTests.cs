using System.Diagnostics;
using System.Text.RegularExpressions;
using PaliSharp.Server.Tests.Support;
using PaliSharp.TestSupport;
using Xunit;

namespace PaliSharp.Server.Tests.Documents;

/// <summary>The commands and the code of <c>docs/serving.md</c> do what they say.</summary>
public sealed partial class ServingDocumentTests
{
    private const string Documented = "http://localhost:8080";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    // What is a parameter where the code is run.
    private static readonly string[] Settings =
    [
        $"var server = new Uri(\"{Documented}/v1\");",
        "byte[] picture = File.ReadAllBytes(\"samples/orange-ring.png\");",
        "var options = new ServerOptions { Port = 9000 };",
    ];

    [SkippableFact]
    public async Task Every_curl_command_works_as_it_stands()
    {
        Skip.IfNot(File.Exists("/bin/bash") && File.Exists("/usr/bin/curl"), "bash and curl are needed.");
        string[] blocks = [.. ShellBlock().Matches(await ReadAsync("docs", "serving.md")).Select(block => block.Groups[1].Value)];
        string[] commands = [.. blocks.Where(command => command.StartsWith("curl ", StringComparison.Ordinal))];

        // What starts a server is run with the command line's own tests.
        Assert.All(blocks.Except(commands, StringComparer.Ordinal), block => Assert.Contains(" serve", block, StringComparison.Ordinal));
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

    [Fact]
    public async Task Every_piece_of_code_is_compiled_as_it_stands()
    {
        string[] blocks = [.. CodeBlock().Matches(await ReadAsync("docs", "serving.md")).Select(block => block.Groups[1].Value)];
        Assert.True(blocks.Length >= 3, $"{blocks.Length} blocks were found");
        string[] sources = [await ReadAsync("tests", "PaliSharp.Server.Tests", "Documents", "ServingSamples.cs"), await ReadAsync("samples", "minimal-api", "Program.cs")];
        foreach (string block in blocks)
        {
            string[] lines = [.. Lines(block).Except(Settings, StringComparer.Ordinal)];
            Assert.True(sources.Any(source => lines.Except(Lines(source), StringComparer.Ordinal).ToArray() is []), block);
        }
    }

    [Fact]
    public async Task The_code_for_OpenAIs_client_works()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.Models.Clear());
        string answer = await ServingSamples.AskAsync(new Uri(server.Address, "v1"), Sample.Bytes("orange-ring.png"));
        Assert.Equal((await server.Model.CaptionAsync(Sample.Image("orange-ring.png"))).Text, answer);
    }

    private static Task<string> ReadAsync(params string[] path) => File.ReadAllTextAsync(Path.Combine([GoldenData.RepositoryRoot, .. path]));

    private static IEnumerable<string> Lines(string code) => code.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0);

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

    [GeneratedRegex("^```csharp\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex CodeBlock();
}
