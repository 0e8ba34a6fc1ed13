using System.CommandLine;
using System.CommandLine.Invocation;
using PaliSharp.Cli.Commands;
using PaliSharp.Cli.Options;

namespace PaliSharp.Cli;

/// <summary>The command <c>palisharp</c>: verbs, and how their failures become messages and exit codes.</summary>
internal static class CliApplication
{
    /// <summary>Runs one command line.</summary>
    /// <param name="args">The arguments, without the program's name.</param>
    /// <param name="host">Where output goes and input comes from.</param>
    /// <param name="cancellationToken">Cancels the command, as Ctrl+C does.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, CliHost host, CancellationToken cancellationToken = default)
    {
        // Prompts may begin with '@', which the parser would take for the name of a response file.
        ParseResult parsed = CreateRoot(host).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var parseError = parsed.Action as ParseErrorAction;
        if (parseError is not null)
            parseError.ShowHelp = args.Count == 0;
        var configuration = new InvocationConfiguration
        {
            Output = parseError is null ? host.Output : host.Error,
            Error = host.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = TimeSpan.FromSeconds(10),
        };
        try
        {
            int code = await parsed.InvokeAsync(configuration, cancellationToken);
            return parseError is null ? code : ExitCode.Usage;
        }
        catch (Exception exception) when (Explain(exception) is { } explained)
        {
            host.TellError(explained.Message);
            return explained.Code;
        }
    }

    private static (string Message, int Code)? Explain(Exception exception) => exception switch
    {
        OperationCanceledException => ("cancelled", ExitCode.Cancelled),
        UsageException => (exception.Message, ExitCode.Usage),
        PaliSharpException or IOException or UnauthorizedAccessException => (exception.Message, ExitCode.Failure),
        _ => null,
    };

    private static RootCommand CreateRoot(CliHost host)
    {
        var root = new RootCommand("PaliGemma and PaliGemma 2: captions, text, answers, boxes and masks from pictures.")
        {
            CaptionCommand.Create(host),
            DescribeCommand.Create(host),
            OcrCommand.Create(host),
            TextDetectCommand.Create(host),
            AskCommand.Create(host),
            GenerateQuestionCommand.Create(host),
            ScienceCommand.Create(host),
            RegionCommand.Create(host),
            DetectCommand.Create(host),
            SegmentCommand.Create(host),
            TableCommand.Create(host),
            SmilesCommand.Create(host),
            MusicCommand.Create(host),
            ClassifyCommand.Create(host),
            MatchCommand.Create(host),
            RunCommand.Create(host),
            BatchCommand.Create(host),
            EvalCommand.Create(host),
            PullCommand.Create(host),
            QuantizeCommand.Create(host),
            TrainCommand.Create(host),
            DatasetCommand.Create(host),
            TrainCodecCommand.Create(host),
            MakeDataCommand.Create(host),
            MakeModelCommand.Create(host),
            InspectCommand.Create(host),
            BenchCommand.Create(host),
            ServeCommand.Create(host),
        };
        HelpText.Extend(root);
        return root;
    }
}
