using System.Globalization;
using PaliSharp.Cli.Options;
using PaliSharp.Jobs;
using Spectre.Console;

namespace PaliSharp.Cli.Output;

/// <summary>Shows how far a job is: a bar on a terminal, a line now and then elsewhere.</summary>
internal static class BatchProgressDisplay
{
    /// <summary>Runs a job and shows its progress on standard error.</summary>
    public static Task<BatchProgress> RunAsync(CliHost host, OutputChoice output, Func<IProgress<BatchProgress>?, Task<BatchProgress>> run)
    {
        if (output.Quiet)
            return run(null);
        if (!host.IsErrorInteractive)
            return run(new Lines(host));
        return host.ErrorConsole().Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(context => run(new Bar(context.AddTask("Rows", autoStart: true))));
    }

    /// <summary>Progress in words.</summary>
    public static string Describe(BatchProgress progress)
    {
        string resumed = progress.Resumed > 0 ? $", {progress.Resumed} of them from before" : "";
        string rate = progress.Rate > 0 ? string.Create(CultureInfo.InvariantCulture, $", {progress.Rate:0.0} rows/s") : "";
        return $"{progress.Done} of {progress.Total} rows{resumed}, {progress.Failed} failed{rate}";
    }

    private sealed class Bar(ProgressTask task) : IProgress<BatchProgress>
    {
        public void Report(BatchProgress value)
        {
            task.Description = Describe(value);
            task.MaxValue = Math.Max(value.Total, 1);
            task.Value = value.Done;
        }
    }

    private sealed class Lines(CliHost host) : IProgress<BatchProgress>
    {
        private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
        private TimeSpan _last;

        public void Report(BatchProgress value)
        {
            if (value.Elapsed - _last < Pause)
                return;
            _last = value.Elapsed;
            string remaining = value.Remaining is { } time ? string.Create(CultureInfo.InvariantCulture, $", {time:d\\.hh\\:mm\\:ss} left") : "";
            host.Tell(Describe(value) + remaining);
        }
    }
}
