using PaliSharp.Cli.Input;
using PaliSharp.Cli.Options;
using PaliSharp.Generation;
using PaliSharp.Imaging;
using PaliSharp.Results;
using PaliSharp.Tasks;

namespace PaliSharp.Cli.Output;

/// <summary>Shows the results of one kind of task, to people or as JSON.</summary>
/// <typeparam name="TResult">The kind.</typeparam>
internal abstract class ResultView<TResult>(CliHost host, OutputChoice output)
    where TResult : ITaskResult
{
    /// <summary>The world.</summary>
    protected CliHost Host => host;

    /// <summary>Whether results are shown as JSON.</summary>
    protected bool IsJson => output.Json;

    /// <summary>Shows a result.</summary>
    /// <param name="picture">The picture it is about.</param>
    /// <param name="image">Its pixels.</param>
    /// <param name="result">The result.</param>
    public void Write(PictureInput picture, Image image, TResult result)
    {
        if (output.Json)
            WriteJson(Line(picture, image, result), result);
        else
            Show(picture, result);
        Note(picture.Name, result);
        After(picture, image, result);
    }

    /// <summary>Ends the output, when all results are shown.</summary>
    public virtual void Complete()
    {
    }

    /// <summary>Describes a result in JSON.</summary>
    protected virtual ResultLine Line(PictureInput picture, Image image, TResult result) => ResultLines.Of(picture.Name, image, result);

    /// <summary>Shows a result to a person.</summary>
    protected abstract void Show(PictureInput picture, TResult result);

    /// <summary>Does what else is to be done with a result.</summary>
    protected virtual void After(PictureInput picture, Image image, TResult result)
    {
    }

    /// <summary>Says that a file was written: on standard output, unless that is for JSON.</summary>
    protected void TellWritten(string path)
    {
        if (!output.Json)
            host.Output.WriteLine($"wrote {TerminalText.Clean(path)}");
        else if (!output.Quiet)
            host.Tell($"wrote {path}");
    }

    /// <summary>Writes a line of JSON, with times if they were asked for.</summary>
    protected void WriteJson(ResultLine line, TResult result) =>
        JsonLines.WriteResult(host.Output, line with { Timings = output.Timings ? TimingsItem.Of(result.Generations) : null });

    /// <summary>Says on standard error what is to be said about a result, unless it is in the JSON.</summary>
    protected void Note(string? name, TResult result)
    {
        if (output.Quiet || output.Json)
            return;
        string about = name is null ? "" : $"{name}: ";
        foreach (string warning in result.Warnings)
            host.Tell($"note: {about}{warning}");
        if (result.FinishReason == FinishReason.Length)
            host.Tell($"note: {about}--max-tokens raises the limit.");
        if (output.Timings && TimingsItem.Of(result.Generations) is { } timings)
            host.Tell($"time: {about}{TimingText.Of(timings)}");
    }
}
