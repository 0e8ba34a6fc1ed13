using System.CommandLine.Parsing;
using PaliSharp.TestSupport;

namespace PaliSharp.Cli.Tests;

/// <summary>
/// <c>docs/tasks.md</c> as something that can be run: its commands (<c>sh</c>), its C# (<c>csharp NAME</c>, to be found in <see cref="TaskSamples"/>)
/// and what both print (<c>text</c>). Paths that begin with <c>out/</c> and <c>docs/images/tasks/</c> are written elsewhere.
/// </summary>
internal sealed class TasksPage : IDisposable
{
    private const string Images = "docs/images/tasks/";
    private const string Output = "out/";

    private readonly TemporaryFolder _folder = new();

    public TasksPage()
    {
        Directory.CreateDirectory(_folder["images"]);
        Directory.CreateDirectory(_folder["out"]);
    }

    /// <summary>The file.</summary>
    public static string Path { get; } = System.IO.Path.Combine(GoldenData.RepositoryRoot, "docs", "tasks.md");

    /// <summary>The pictures that commands have drawn: where the page has them, and where they are now.</summary>
    public IEnumerable<(string Committed, string Drawn)> Pictures => Directory.GetFiles(_folder["images"], "*.png")
        .Select(file => (System.IO.Path.Combine(GoldenData.RepositoryRoot, "docs", "images", "tasks", System.IO.Path.GetFileName(file)), file));

    /// <summary>Runs the page.</summary>
    /// <returns>The page with what its commands and its C# print now.</returns>
    public async Task<string> RunAsync()
    {
        var page = new List<string>();
        var block = new List<string>();
        string? kind = null;
        string printed = "";
        foreach (string line in await File.ReadAllLinesAsync(Path))
        {
            if (!line.StartsWith("```", StringComparison.Ordinal))
            {
                if (kind is null)
                    page.Add(line);
                else
                    block.Add(line);
                continue;
            }

            if (kind is null)
            {
                kind = line[3..];
                page.Add(line);
                continue;
            }

            page.AddRange(kind == "text" ? printed.Split('\n') : block);
            page.Add(line);
            printed = await RunBlockAsync(kind, block) ?? printed;
            kind = null;
            block.Clear();
        }

        return string.Join('\n', page) + "\n";
    }

    public void Dispose() => _folder.Dispose();

    private async Task<string?> RunBlockAsync(string kind, List<string> block)
    {
        if (kind == "sh")
        {
            var output = new List<string>();
            foreach (string command in block)
                output.Add(await RunCommandAsync(command));
            return string.Concat(output).TrimEnd('\n');
        }

        return kind.StartsWith("csharp ", StringComparison.Ordinal) ? (await TaskSamples.RunAsync(kind[7..])).TrimEnd('\n') : null;
    }

    private async Task<string> RunCommandAsync(string command)
    {
        string[] words = [.. CommandLineParser.SplitCommandLine(command)];
        if (words is ["cat", var file])
            return await File.ReadAllTextAsync(Place(file));
        if (words[0] != "palisharp")
            throw new InvalidDataException($"The page runs '{command}'; commands are palisharp and cat.");
        CliRun run = await CliRun.Of([.. words[1..].Select(Place), "--model", CliRun.Nano, "--quiet"]);
        if (run.Code != 0)
            throw new InvalidDataException($"'{command}' ends with {run.Code}: {run.Error}");
        return run.Output
            .Replace(_folder["images"] + "/", Images, StringComparison.Ordinal)
            .Replace(_folder["out"] + "/", Output, StringComparison.Ordinal)
            .Replace(GoldenData.RepositoryRoot + "/", "", StringComparison.Ordinal);
    }

    private string Place(string word)
    {
        if (word.StartsWith("samples/", StringComparison.Ordinal))
            return System.IO.Path.Combine(GoldenData.RepositoryRoot, word);
        return word.Replace(Images, _folder["images"] + "/", StringComparison.Ordinal).Replace(Output, _folder["out"] + "/", StringComparison.Ordinal);
    }
}
