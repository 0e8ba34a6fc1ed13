using PaliSharp.Checkpoints.Hub;
using PaliSharp.Cli.Options;
using Spectre.Console;

namespace PaliSharp.Cli.Output;

/// <summary>Shows how far a pull is: a bar on a terminal, a line for each file elsewhere.</summary>
internal static class PullProgressDisplay
{
    /// <summary>Runs a pull and shows its progress on standard error.</summary>
    public static Task<string> RunAsync(CliHost host, OutputChoice output, Func<IProgress<PullProgress>?, Task<string>> pull)
    {
        if (output.Quiet)
            return pull(null);
        if (!host.IsErrorInteractive)
            return pull(new Lines(host));
        return host.ErrorConsole().Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new DownloadedColumn(), new TransferSpeedColumn())
            .StartAsync(context => pull(new Bar(context.AddTask("Listing files", autoStart: true))));
    }

    private static string Describe(PullProgress progress) => progress.Phase switch
    {
        PullPhase.Listing => "Listing files",
        PullPhase.Waiting => $"Another process downloads {progress.File}",
        PullPhase.Verifying => $"Verifying {progress.File}",
        PullPhase.Done => "Done",
        _ => $"{progress.FilesDone + 1} of {progress.FilesTotal}: {progress.File}",
    };

    private sealed class Bar(ProgressTask task) : IProgress<PullProgress>
    {
        public void Report(PullProgress value)
        {
            task.Description = Markup.Escape(TerminalText.Clean(Describe(value)));
            task.IsIndeterminate = value.BytesTotal == 0 && value.Phase != PullPhase.Done;
            task.MaxValue = Math.Max(value.BytesTotal, 1);
            task.Value = value.Phase == PullPhase.Done ? task.MaxValue : value.BytesDone;
        }
    }

    private sealed class Lines(CliHost host) : IProgress<PullProgress>
    {
        private string _last = "";

        public void Report(PullProgress value)
        {
            string line = Describe(value);
            if (line == _last)
                return;
            _last = line;
            host.Tell(value.BytesTotal == 0 ? line : $"{line} ({ByteText.Of(value.BytesDone)} of {ByteText.Of(value.BytesTotal)})");
        }
    }
}
