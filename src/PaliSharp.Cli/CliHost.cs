using System.Text;
using Spectre.Console;

namespace PaliSharp.Cli;

/// <summary>The world as the commands see it, so that tests can give them another one.</summary>
internal sealed class CliHost
{
    // Wide enough that no table wraps where another program reads it.
    private const int FileWidth = 200;

    /// <summary>Standard output: results only.</summary>
    public required TextWriter Output { get; init; }

    /// <summary>Standard error: notices, progress, errors.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Opens standard input.</summary>
    public required Func<Stream> OpenInput { get; init; }

    /// <summary>Whether a person reads <see cref="Output"/> on a terminal.</summary>
    public bool IsOutputInteractive { get; init; }

    /// <summary>Whether a person reads <see cref="Error"/> on a terminal.</summary>
    public bool IsErrorInteractive { get; init; }

    /// <summary>Looks an environment variable up.</summary>
    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>The streams and variables of this process.</summary>
    public static CliHost ForProcess() => new()
    {
        Output = Writer(Console.IsOutputRedirected, Console.OpenStandardOutput, Console.Out),
        Error = Console.Error,
        OpenInput = Console.OpenStandardInput,
        IsOutputInteractive = !Console.IsOutputRedirected,
        IsErrorInteractive = !Console.IsErrorRedirected,
    };

    /// <summary>A console for tables on standard output.</summary>
    public IAnsiConsole OutputConsole() => CreateConsole(Output, IsOutputInteractive);

    /// <summary>A console for progress on standard error.</summary>
    public IAnsiConsole ErrorConsole() => CreateConsole(Error, IsErrorInteractive);

    /// <summary>Writes one line to standard error.</summary>
    public void Tell(string message) => Error.WriteLine(TerminalText.Clean(message));

    /// <summary>Writes an error to standard error.</summary>
    public void TellError(string message) => Tell($"error: {message}");

    // Files and pipes get UTF-8 whatever the system's code page, each line as it comes; a terminal gets what it understands.
    private static TextWriter Writer(bool isRedirected, Func<Stream> open, TextWriter terminal) => isRedirected
        ? new StreamWriter(open(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { NewLine = "\n", AutoFlush = true }
        : terminal;

    private static IAnsiConsole CreateConsole(TextWriter writer, bool isInteractive)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = isInteractive ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isInteractive ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isInteractive ? InteractionSupport.Detect : InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });
        if (!isInteractive)
            console.Profile.Width = FileWidth;
        return console;
    }
}
