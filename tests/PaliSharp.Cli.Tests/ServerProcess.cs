using System.Diagnostics;
using Xunit;

namespace PaliSharp.Cli.Tests;

/// <summary>The program with the verb <c>serve</c>, in a process of its own, ready to be asked.</summary>
internal sealed class ServerProcess : IDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private const string Listening = "listening on ";

    private ServerProcess(Process process, Task<string> log, Uri address)
    {
        Process = process;
        Log = log;
        Client = new HttpClient { BaseAddress = address };
    }

    public Process Process { get; }

    /// <summary>Everything it wrote to standard output, once it has ended.</summary>
    public Task<string> Log { get; }

    public HttpClient Client { get; }

    /// <summary>Starts it and waits until it is ready.</summary>
    /// <param name="arguments">What stands behind <c>serve</c>; a free port is taken.</param>
    public static async Task<ServerProcess> StartAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [typeof(CliApplication).Assembly.Location, "serve", "--port", "0", .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.Environment.Remove("PALISHARP_MODEL");
        start.Environment.Remove("PALISHARP_API_KEYS");
        Process process = Process.Start(start)!;
        Task<string> log = process.StandardOutput.ReadToEndAsync();
        string? line;
        do
        {
            line = await process.StandardError.ReadLineAsync().WaitAsync(Limit);
            Assert.NotNull(line);
        }
        while (!line.StartsWith(Listening, StringComparison.Ordinal));
        var server = new ServerProcess(process, log, new Uri(line[Listening.Length..]));
        while (!(await server.Client.GetAsync("/health/ready").WaitAsync(Limit)).IsSuccessStatusCode)
            await Task.Delay(20);
        return server;
    }

    /// <summary>Asks it to end, as a service manager does.</summary>
    public async Task TerminateAsync()
    {
        using Process kill = Process.Start("kill", $"-TERM {Process.Id}");
        await kill.WaitForExitAsync();
    }

    public void Dispose()
    {
        Client.Dispose();
        if (!Process.HasExited)
            Process.Kill();
        Process.Dispose();
    }
}
