using PaliSharp.Cli.Options;
using Spectre.Console;

namespace PaliSharp.Cli.Output;

/// <summary>Shows on a terminal that something is under way, and nothing elsewhere.</summary>
internal sealed class ProgressDisplay(CliHost host, OutputChoice output)
{
    /// <summary>Runs work under a spinner.</summary>
    /// <param name="text">What is being done.</param>
    /// <param name="work">The work.</param>
    public Task<T> SpinAsync<T>(string text, Func<Task<T>> work) => host.IsErrorInteractive && !output.Quiet
        ? host.ErrorConsole().Status().StartAsync(Markup.Escape(TerminalText.Clean(text)), _ => work())
        : work();

    /// <summary>Says something that is not an error, unless silence was asked for.</summary>
    public void Note(string message)
    {
        if (!output.Quiet)
            host.Tell(message);
    }
}
