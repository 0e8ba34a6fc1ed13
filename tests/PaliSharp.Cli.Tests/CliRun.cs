using System.Text.Json;
using PaliSharp.Cli;
using PaliSharp.TestSupport;

namespace PaliSharp.Cli.Tests;

/// <summary>One command line, run in this process, and what came of it.</summary>
internal sealed record CliRun(int Code, string Output, string Error)
{
    /// <summary>The lines of standard output.</summary>
    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Standard output as one JSON object a line.</summary>
    public JsonElement[] Json => [.. Lines.Select(line => JsonDocument.Parse(line).RootElement)];

    /// <summary>The demonstration model in the checkout.</summary>
    public static string Nano { get; } = Path.Combine(GoldenData.RepositoryRoot, "models", "nano");

    public static Task<CliRun> Of(params string[] args) => Of(args, new Setup());

    public static async Task<CliRun> Of(string[] args, Setup setup, CancellationToken cancellationToken = default)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var host = new CliHost
        {
            Output = output,
            Error = error,
            OpenInput = () => new MemoryStream(setup.Input),
            IsOutputInteractive = setup.IsInteractive,
            IsErrorInteractive = setup.IsInteractive,
            Variable = name => setup.Variables.GetValueOrDefault(name),
        };
        int code = await CliApplication.RunAsync(args, host, cancellationToken);
        return new CliRun(code, output.ToString(), error.ToString());
    }

    /// <summary>A picture of the bundled golden topic.</summary>
    public static string Picture(string name) => Path.Combine(GoldenData.Bundled, "nano", name);

    /// <summary>The world of a run.</summary>
    internal sealed record Setup
    {
        public byte[] Input { get; init; } = [];

        public bool IsInteractive { get; init; }

        public Dictionary<string, string> Variables { get; init; } = new(StringComparer.Ordinal)
        {
            ["HF_HUB_OFFLINE"] = "1",
            ["HF_HOME"] = Path.Combine(Path.GetTempPath(), "palisharp-no-hub"),
        };
    }
}
