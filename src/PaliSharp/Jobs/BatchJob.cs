using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using PaliSharp.Exports;

namespace PaliSharp.Jobs;

/// <summary>
/// The same task for many pictures, written to a file row by row, in order, each once. A job that was interrupted, even killed, goes on where it
/// was when it is run again; its output is then the same, byte for byte, as without the interruption.
/// </summary>
/// <remarks>
/// A row that fails becomes a row with its error. Every number comes out the same on the same machine if nobody else uses the model meanwhile and
/// it keeps no pictures (<see cref="PaliGemmaOptions.PictureCacheBytes"/> 0). Drawn tokens repeat, too, with or without a seed. Rows are brought to
/// the disk at least every few seconds.
/// </remarks>
/// <param name="input">The pictures.</param>
/// <param name="task">What is asked about each.</param>
/// <param name="options">Where the rows go.</param>
public sealed class BatchJob(BatchInput input, BatchTask task, BatchJobOptions options)
{
    private static readonly TimeSpan FlushInterval = TimeSpan.FromSeconds(2);

    /// <summary>Does what is not yet done.</summary>
    /// <param name="model">The model.</param>
    /// <param name="progress">Told after each group of rows; null if nobody wants to know.</param>
    /// <param name="cancellationToken">Stops between tokens; rows already written stay, and the job can go on later.</param>
    /// <returns>What the output holds now.</returns>
    /// <exception cref="JobException">Input or output cannot be used, or the output belongs to another job.</exception>
    /// <exception cref="IOException">The output cannot be written.</exception>
    public async Task<BatchProgress> RunAsync(PaliGemma model, IProgress<BatchProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        InputSummary summary = input.Summarize();
        CheckTemplates(summary);
        using RowFile file = Open(Format(summary));
        var clock = Stopwatch.StartNew();
        long resumed = file.Rows;
        BatchProgress Now() => new(file.Rows, file.Failed, summary.Rows, resumed, clock.Elapsed);
        if (resumed > summary.Rows)
            throw new JobException($"'{options.Output}' has {resumed} rows, but the input has {summary.Rows}. Name another output, or overwrite it.");
        progress?.Report(Now());

        // Always whole groups from their beginning, so that each row is computed beside the same others whatever was done before.
        var runner = new GroupRunner(model, task);
        TimeSpan flushed = clock.Elapsed;
        foreach (BatchRow[] group in input.Read().Chunk(options.Window).SkipWhile(group => group[^1].Index < resumed))
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (BatchAnswer answer in (await runner.RunAsync(group, cancellationToken)).Where(answer => answer.Row.Index >= resumed))
                file.Append(answer);
            if (clock.Elapsed - flushed > FlushInterval)
            {
                file.Flush();
                flushed = clock.Elapsed;
            }

            progress?.Report(Now());
        }

        file.Flush();
        return file.Rows == summary.Rows
            ? Now()
            : throw new JobException($"The input had {summary.Rows} rows at the start of the job, but {file.Rows} in the end. It must not change meanwhile.");
    }

    /// <summary>Writes the objects of the output, which must be those of a detection or segmentation, for other tools.</summary>
    /// <param name="format">How.</param>
    /// <param name="path">The file or folder.</param>
    /// <exception cref="JobException">A row of the output holds no objects.</exception>
    /// <exception cref="IOException">The output cannot be read, or a file cannot be written.</exception>
    public void Export(ExportFormat format, string path) => ResultExport.Write(format, path, ReadPictures(Format(input.Summarize())));

    private IEnumerable<ExportPicture> ReadPictures(RowFormat format)
    {
        using FileStream stream = File.OpenRead(options.Output);
        foreach (JsonObject result in format.ReadResults(stream))
            yield return ExportReader.Read(result);
    }

    private RowFormat Format(InputSummary summary) => RowFormat.Create(options.Format, summary.Columns, input.ImageColumn, task.Columns);

    private RowFile Open(RowFormat format)
    {
        string jobFile = JobFile.PathFor(options.Output);
        if (options.Overwrite)
        {
            File.Delete(options.Output);
            File.Delete(jobFile);
        }

        Dictionary<string, string> settings = Describe();
        if (File.Exists(jobFile))
            JobFile.Require(options.Output, settings);
        else if (File.Exists(options.Output))
            throw new JobException($"'{options.Output}' exists and belongs to no job, as '{jobFile}' is missing. Name another output, or overwrite it.");
        else
            JobFile.Write(options.Output, settings);
        return RowFile.Open(options.Output, format);
    }

    private Dictionary<string, string> Describe() => new(options.Settings, StringComparer.Ordinal)
    {
        ["format"] = options.Format.ToString(),
        ["input"] = input.Identity,
        ["task"] = task.Identity,
        ["window"] = options.Window.ToString(CultureInfo.InvariantCulture),
    };

    private void CheckTemplates(InputSummary summary)
    {
        if (summary.Rows == 0)
            return;
        foreach (string column in task.Templates.SelectMany(template => template.Columns))
        {
            if (!summary.Columns.Contains(column, StringComparer.Ordinal))
            {
                throw new JobException(
                    $"The prompt needs the column '{column}', which the input does not have; it has {string.Join(", ", summary.Columns.Select(name => $"'{name}'"))}.");
            }
        }
    }
}
