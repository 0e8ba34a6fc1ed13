using PaliSharp.Checkpoints;
using PaliSharp.Cli.Options;
using Spectre.Console;

namespace PaliSharp.Cli.Output;

/// <summary>Shows how far a quantisation is: a bar on a terminal, a line for each tenth elsewhere.</summary>
internal static class QuantizationProgressDisplay
{
    /// <summary>Runs a quantisation and shows its progress on standard error.</summary>
    public static Task<string> RunAsync(CliHost host, OutputChoice output, Func<IProgress<QuantizationProgress>?, Task<string>> quantize)
    {
        if (output.Quiet)
            return quantize(null);
        if (!host.IsErrorInteractive)
            return quantize(new Lines(host));
        return host.ErrorConsole().Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new DownloadedColumn(), new TransferSpeedColumn())
            .StartAsync(context => quantize(new Bar(context.AddTask("Loading", autoStart: true))));
    }

    private sealed class Bar(ProgressTask task) : IProgress<QuantizationProgress>
    {
        public void Report(QuantizationProgress value)
        {
            task.Description = Markup.Escape(TerminalText.Clean(value.Tensor));
            task.MaxValue = Math.Max(value.BytesTotal, 1);
            task.Value = value.BytesDone;
        }
    }

    private sealed class Lines(CliHost host) : IProgress<QuantizationProgress>
    {
        private int _tenths;

        public void Report(QuantizationProgress value)
        {
            int tenths = (int)(value.BytesDone * 10 / Math.Max(value.BytesTotal, 1));
            if (tenths <= _tenths)
                return;
            _tenths = tenths;
            host.Tell($"{tenths * 10} %: {ByteText.Of(value.BytesDone)} of {ByteText.Of(value.BytesTotal)}");
        }
    }
}
